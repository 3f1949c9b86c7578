import re
import subprocess
import sys
from pathlib import Path

import loadgen.client
from servers.testing import running_server

PAGE = Path(__file__).parents[3] / "docs" / "client.md"


def test_the_example_runs_and_prints_what_it_should() -> None:
    (example,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    with running_server("calculator") as server:
        script = example.replace("http://127.0.0.1:8100/mcp", server.url)
        ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert ran.stderr == ""
    assert ran.stdout.splitlines() == [
        "calculator 2026-07-28",
        "add, subtract, multiply, divide",
        "6 / 3 = 2.0",
        "refused: division_by_zero: b must not be zero.",
    ]


def test_every_public_name_is_there_and_every_failure_is_public() -> None:
    assert all(hasattr(loadgen.client, name) for name in loadgen.client.__all__)
    kinds = {kind.__name__ for kind in loadgen.client.Failure.__args__}
    assert kinds <= set(loadgen.client.__all__)
    assert all(f"`{kind}`" in PAGE.read_text() for kind in kinds)
