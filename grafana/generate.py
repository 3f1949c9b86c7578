"""Writes `dashboards/*.json`: `python -m grafana.generate`."""

import json
from pathlib import Path

from .chaos import CHAOS
from .endurance import ENDURANCE
from .load_run import LOAD_RUN
from .model import Dashboard
from .server import SERVER_BOARD

DASHBOARDS = (LOAD_RUN, SERVER_BOARD, CHAOS, ENDURANCE)
FOLDER = Path(__file__).parent / "dashboards"


def text_of(dashboard: Dashboard) -> str:
    """The file of a dashboard."""
    return json.dumps(dashboard.as_json(), indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Write every file."""
    for dashboard in DASHBOARDS:
        (FOLDER / f"{dashboard.uid}.json").write_text(text_of(dashboard), encoding="utf-8")


if __name__ == "__main__":
    main()
