"""docker-compose.yml as Compose itself reads it, without an engine, and against the files that it mounts."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deployment.tool import ROOT, compose

FILE = ROOT / "docker-compose.yml"


def run(*words: str, folder: Path = ROOT, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME"}}
    command = [compose(), "--file", str(folder / FILE.name), "--env-file", "/dev/null", *words]
    return subprocess.run(command, env=clean | (env or {}), capture_output=True, text=True, check=False, timeout=120)


def config(env: dict[str, str] | None = None) -> dict[str, Any]:
    done = run("--profile", "load", "config", "--format", "json", env=env or {})
    assert done.returncode == 0, done.stderr
    read: dict[str, Any] = json.loads(done.stdout)
    return read


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = config()["services"]
    return found


def test_compose_accepts_it_with_and_without_load() -> None:
    assert run("config", "--quiet").returncode == 0
    plain = set(run("config", "--services").stdout.split())
    assert plain == {"payments", "calculator", "prometheus", "grafana"}
    loaded = set(run("--profile", "load", "config", "--services").stdout.split())
    assert loaded == plain | {"load-payments", "load-calculator"}


@pytest.mark.parametrize(
    ("right", "wrong"), [("service_healthy", "service_helathy"), ("    command: [mcp-serve", "    comand: [mcp-serve")]
)
def test_compose_refuses_what_is_misspelled(tmp_path: Path, right: str, wrong: str) -> None:
    (tmp_path / FILE.name).write_text(FILE.read_text().replace(right, wrong))
    done = run("--profile", "load", "config", "--quiet", folder=tmp_path)
    assert done.returncode != 0
    assert done.stderr


def test_every_image_has_a_tag_and_not_latest(services: dict[str, dict[str, Any]]) -> None:
    for service in services.values():
        assert re.fullmatch(r"[a-z/-]+:v?\d+\.\d+\.\d+", service["image"])


def test_ports_are_open_to_this_machine_only(services: dict[str, dict[str, Any]]) -> None:
    published = {
        name: [(port["host_ip"], int(port["published"]), port["target"]) for port in service.get("ports", ())]
        for name, service in services.items()
    }
    assert published == {
        "payments": [("127.0.0.1", 8000, 8000)],
        "calculator": [("127.0.0.1", 8100, 8100)],
        "prometheus": [("127.0.0.1", 9090, 9090)],
        "grafana": [("127.0.0.1", 3000, 3000)],
        "load-payments": [],
        "load-calculator": [],
    }


def test_no_container_can_do_anything_special_and_ours_cannot_write(services: dict[str, dict[str, Any]]) -> None:
    for service in services.values():
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert not service.get("privileged")
        assert "user" not in service, "the images have users of their own, none of them root"
    ours = [service for service in services.values() if "build" in service]
    assert len(ours) == 4
    for service in ours:
        assert service["read_only"] is True
        assert service["tmpfs"] == ["/tmp"]


def test_everything_that_is_waited_for_has_a_health_check(services: dict[str, dict[str, Any]]) -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    awaited = {
        name
        for service in services.values()
        for name, how in service.get("depends_on", {}).items()
        if how["condition"] == "service_healthy"
    }
    assert awaited == {"payments", "calculator", "prometheus"}
    assert "healthcheck" in services["prometheus"]
    assert "healthcheck" in services["grafana"]
    for name in ("payments", "calculator"):  # theirs is the image's
        assert "build" in services[name]
        assert "healthcheck" not in services[name]
    assert "HEALTHCHECK" in dockerfile


def test_what_is_mounted_is_there(services: dict[str, dict[str, Any]]) -> None:
    binds = [
        (name, Path(volume["source"]), volume["target"], volume.get("read_only"))
        for name, service in services.items()
        for volume in service.get("volumes", ())
        if volume["type"] == "bind"
    ]
    assert {(name, source.relative_to(ROOT).as_posix(), target) for name, source, target, _ in binds} == {
        ("prometheus", "grafana/prometheus", "/etc/prometheus"),
        ("grafana", "grafana/provisioning", "/etc/grafana/provisioning"),
        ("grafana", "grafana/dashboards", "/var/lib/grafana/dashboards"),
        ("load-payments", "grafana/observe.yaml", "/plans/observe.yaml"),
        ("load-calculator", "grafana/observe.yaml", "/plans/observe.yaml"),
    }
    for _, source, _, read_only in binds:
        assert source.exists()
        assert read_only is True


def test_the_home_dashboard_is_one_of_those_that_are_mounted(services: dict[str, dict[str, Any]]) -> None:
    home = Path(services["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert home.parent == Path("/var/lib/grafana/dashboards")
    assert (ROOT / "grafana" / "dashboards" / home.name).is_file()


def test_prometheus_scrapes_what_runs_where_it_runs(services: dict[str, dict[str, Any]]) -> None:
    targets = ROOT / "grafana" / "prometheus" / "targets"
    servers = {
        entry["labels"]["instance"]: entry["targets"] for entry in yaml.safe_load((targets / "servers.yml").read_text())
    }
    assert servers == {
        name: [f"{name}:{services[name]['environment']['MCP_SERVE_PORT']}"] for name in ("payments", "calculator")
    }
    loads = {
        entry["labels"]["instance"]: entry["targets"] for entry in yaml.safe_load((targets / "loadgen.yml").read_text())
    }
    for name in ("load-payments", "load-calculator"):
        command = services[name]["command"]
        assert command[2] == "/plans/observe.yaml"
        assert loads[name] == [f"127.0.0.1:{command[command.index('--metrics-port') + 1]}"]
        assert services[name]["network_mode"] == "service:prometheus"  # whose loopback that is
    assert len(loads) == 2


def test_faults_come_in_from_outside_and_are_none_otherwise(services: dict[str, dict[str, Any]]) -> None:
    assert services["payments"]["environment"]["MCP_SERVE_FAULTS"] is None
    given = config({"MCP_SERVE_FAULTS": "deploy-rollover", "MCP_SERVE_ADMIN_TOKEN": "mine"})["services"]
    for name in ("payments", "calculator"):
        assert given[name]["environment"]["MCP_SERVE_FAULTS"] == "deploy-rollover"
        assert given[name]["environment"]["MCP_SERVE_ADMIN_TOKEN"] == "mine"
