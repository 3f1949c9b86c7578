"""`make verify-grafana`: docker-compose.yml under load and faults, and everything on its dashboards asked for.

Needs a Docker engine. Each dashboard is asked of Grafana's API, and each query of each of its panels is run through it,
as a browser would. 0: all of them have data; 1: what does not is listed. The stack is stopped at the end.
"""

import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from formats.stdio import say

ROOT = Path(__file__).resolve().parents[1]
DASHBOARDS = Path(__file__).with_name("dashboards")
COMPOSE = ("docker", "compose", "--project-name", "mcp-testbed-verify", "--profile", "load")
"""A project of its own: what another one recorded is not removed."""
SETTINGS = {"MCP_SERVE_FAULTS": "deploy-rollover"}
SECONDS_OF_LOAD = 90
"""One window of faults, and some scrapes after it."""
SECONDS_TO_BUILD = 900
SECONDS_TO_ANSWER = 30
INTERVAL_MS = 2000
_EMPTY = "has no data"


def main() -> int:
    """Bring the stack up, look at everything, stop it."""
    env = SETTINGS | dict(os.environ)
    try:
        subprocess.run([*COMPOSE, "up", "--build", "--detach"], cwd=ROOT, env=env, check=True, timeout=SECONDS_TO_BUILD)  # noqa: S603 - our own command
    except (OSError, subprocess.SubprocessError) as error:
        say(f"verify-grafana: the stack does not come up: {error}\n", sys.stderr)
        return 1
    try:
        url = f"http://127.0.0.1:{env.get('GRAFANA_PORT', '3000')}"
        wait_for(url)
        say(f"{url} is up; {SECONDS_OF_LOAD} s of load and faults\n", sys.stdout)
        time.sleep(SECONDS_OF_LOAD)
        problems = list(look(url, dashboards(), f"now-{SECONDS_OF_LOAD}s"))
    finally:
        subprocess.run([*COMPOSE, "down", "--volumes"], cwd=ROOT, env=env, check=False, timeout=SECONDS_TO_BUILD)  # noqa: S603 - our own command
    say("".join(f"{problem}\n" for problem in problems), sys.stdout)
    say(f"{len(problems)} problems\n", sys.stdout)
    return 1 if problems else 0


def dashboards() -> list[dict[str, Any]]:
    """Those of the checkout."""
    return [json.loads(path.read_text("utf-8")) for path in sorted(DASHBOARDS.glob("*.json"))]


def wait_for(url: str) -> None:
    """Until Grafana is healthy.

    Raises:
        TimeoutError: it is not, after two minutes.
    """
    deadline = time.monotonic() + 120
    while "error" in ask(f"{url}/api/health"):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{url} does not answer")
        time.sleep(1)


def look(url: str, expected: list[dict[str, Any]], since: str) -> Iterator[str]:
    """What is wrong: dashboards that Grafana has not, and queries without data or with an error."""
    for dashboard in expected:
        found = ask(f"{url}/api/dashboards/uid/{dashboard['uid']}")
        if "dashboard" not in found:
            yield f"{dashboard['uid']}: {found.get('error', 'it is not there')}"
            continue
        values = {
            variable["name"]: "prometheus" if variable["type"] == "datasource" else variable.get("allValue") or ".+"
            for variable in found["dashboard"].get("templating", {}).get("list", [])
        }
        for panel, target in targets(found["dashboard"]["panels"]):
            problem = run(url, target, values, since)
            if problem:
                yield f"{dashboard['uid']}: {panel} ({target.get('refId')}): {problem}: {target['expr']}"


def targets(panels: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every query, with the title of its panel; rows may hold panels."""
    for panel in panels:
        yield from targets(panel.get("panels", []))
        for target in panel.get("targets", []):
            yield panel.get("title", ""), target


def run(url: str, target: dict[str, Any], values: dict[str, str], since: str) -> str | None:
    """What is wrong with one query; Grafana itself fills in $__rate_interval and its like."""
    expr = re.sub(
        r"\$\{?(\w+)(?::\w+)?\}?",
        lambda match: values.get(match[1], match[0]),
        target["expr"],
    )
    query = {
        "refId": "A",
        "datasource": {"type": "prometheus", "uid": "prometheus"},
        "expr": expr,
        "range": target.get("range", True),
        "instant": target.get("instant", False),
        "intervalMs": INTERVAL_MS,
        "maxDataPoints": 500,
    }
    reply = ask(f"{url}/api/ds/query", {"queries": [query], "from": since, "to": "now"})
    if "error" in reply:
        return str(reply["error"])
    result = reply["results"]["A"]
    if result.get("error"):
        return str(result["error"])
    columns = [column for frame in result.get("frames", []) for column in frame["data"]["values"][1:]]
    return None if any(value is not None for column in columns for value in column) else _EMPTY


def ask(url: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """The answer, or an `error`."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})  # noqa: S310 - a URL of ours
    try:
        with urllib.request.urlopen(request, timeout=SECONDS_TO_ANSWER) as reply:  # noqa: S310 - as above
            found: dict[str, Any] = json.load(reply)
            return found
    except urllib.error.HTTPError as error:
        return {"error": f"HTTP {error.code}: {error.read(500).decode(errors='replace')}"}
    except (OSError, ValueError) as error:
        return {"error": str(error)}


if __name__ == "__main__":
    sys.exit(main())
