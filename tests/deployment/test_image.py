"""The image without an engine: its file is linted, and its commands run on this machine as they stand there."""

import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from grafana.observe import free_port
from tests.deployment.image import read_image
from tests.deployment.tool import BIN, ROOT, hadolint

pytestmark = pytest.mark.timeout(400)
PATIENCE = 120.0
"""Seconds that anything may take on a busy machine."""
IMAGE = read_image()
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]


def environment(port: int, folder: Path) -> dict[str, str]:
    """The image's, with another port, as Compose gives the calculator one, and a PATH of this machine."""
    return IMAGE.env | {
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(folder),
        "MCP_SERVE_PORT": str(port),
    }


def finished(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=PATIENCE, **options)


def is_healthy(env: dict[str, str]) -> bool:
    return finished(IMAGE.healthcheck, env=env).returncode == 0


@contextmanager
def container(command: list[str], folder: Path, port: int) -> Iterator[dict[str, str]]:
    """The command until it is healthy, and to the end of the `with` block; its environment."""
    env = environment(port, folder) | {"MCP_SERVE_ADMIN_TOKEN": "testbed"}
    with subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.PIPE, text=True) as process:
        try:
            deadline = time.monotonic() + PATIENCE
            while not is_healthy(env):
                assert process.poll() is None
                assert time.monotonic() < deadline
            yield env
        finally:
            process.terminate()
            process.wait(PATIENCE)
    assert process.returncode == 0


def test_hadolint_has_nothing_to_say() -> None:
    done = finished([hadolint(), str(ROOT / "Dockerfile")])
    assert (done.returncode, done.stdout) == (0, "")


def test_hadolint_would_say_something(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(
        (ROOT / "Dockerfile").read_text().replace("python:3.11.13-slim-bookworm", "python")
    )
    done = subprocess.run(
        [hadolint(), str(tmp_path / "Dockerfile")], check=False, capture_output=True, timeout=PATIENCE
    )
    assert done.returncode == 1


def test_the_user_is_a_number_and_not_root() -> None:
    assert int(IMAGE.user.split(":")[0]) > 0


def test_the_image_serves_and_its_health_check_says_so(tmp_path: Path) -> None:
    port = free_port()
    with container(IMAGE.command, tmp_path, port):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE) as page:
            assert b"mcp_server_operation_duration_seconds" in page.read()
        assert list(tmp_path.iterdir()) == []  # its file system is read-only
    assert not is_healthy(environment(port, tmp_path))


def test_without_a_token_the_image_refuses_with_a_sentence(tmp_path: Path) -> None:
    done = subprocess.run(
        IMAGE.command,
        env=environment(free_port(), tmp_path),
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 2
    assert "give --admin-token" in done.stderr


def load_command(name: str, port: int) -> list[str]:
    """That of Compose for a server, much shorter, and with addresses of this machine."""
    command = [re.sub(r"\$\{[A-Z_]+:-([^}]*)\}", r"\1", word) for word in COMPOSE[f"load-{name}"]["command"]]
    assert command[:3] == ["mcp-load", "run", "/plans/observe.yaml"]
    command[2] = str(ROOT / "grafana" / "observe.yaml")
    command[command.index("--scale") + 1] = "0.001"
    command[command.index("--metrics-port") + 1] = "0"
    command[command.index("--url") + 1] = f"http://127.0.0.1:{port}"
    return [*command, "--metrics-linger", "0s"]


@pytest.mark.parametrize("name", ["payments", "calculator"])
def test_the_commands_of_compose_load_the_servers_of_compose(name: str, tmp_path: Path) -> None:
    port = free_port()
    with container(COMPOSE[name]["command"], tmp_path, port) as env:
        command = load_command(name, port)
        done = subprocess.run(
            command, cwd=tmp_path, env=env, check=False, capture_output=True, text=True, timeout=PATIENCE
        )
        assert done.returncode in (0, 99), done.stdout + done.stderr  # so short a run may miss a criterion
        (failed,) = re.findall(r"^http_req_failed +(\S+) %", done.stdout, re.MULTILINE)
        assert float(failed) == 0
    assert list(tmp_path.iterdir()) == []


def test_what_the_image_copies_is_all_that_the_package_is_made_of(tmp_path: Path) -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert set(IMAGE.copied) == kept
    context = tmp_path / "context"
    context.mkdir()
    for name in IMAGE.copied:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, context / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, context / name)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "install", "--no-compile"]
    app = tmp_path / "app"
    done = subprocess.run(
        [*pip, "--no-deps", "--no-build-isolation", "--target", str(app), "."],
        cwd=context, check=False, capture_output=True, text=True, timeout=PATIENCE,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    look = "import servers, formats.fixtures as f; print(servers.__file__, *f.bundled_fixtures('scenarios'))"
    python, env = [sys.executable, "-P", "-c", look], {**os.environ, "PYTHONPATH": str(app)}
    done = subprocess.run(python, env=env, cwd=tmp_path, check=True, capture_output=True, text=True, timeout=PATIENCE)
    assert done.stdout.startswith(str(app))
    assert "quick" in done.stdout
