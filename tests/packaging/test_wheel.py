"""The wheel as a user gets it: built, installed into an empty environment from the locked requirements, and run."""

import re
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel built from this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", str(folder)]
    subprocess.run([*build, str(ROOT)], check=True)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_the_three_packages_and_the_fixtures_once(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {"servers", "loadgen", "formats", "mcp_testbed-0.1.0.dist-info"}
    assert [name for name in names if name.endswith("payments.yaml")] == ["formats/fixtures/seeds/payments.yaml"]
    assert [name for name in names if name.endswith("result.json")] == ["formats/fixtures/schemas/result.json"]


def test_the_wheel_holds_what_the_html_report_is_made_of(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assets = ROOT / "loadgen" / "reports" / "assets"
    files = {path.relative_to(ROOT).as_posix() for path in assets.rglob("*") if path.is_file()}
    assert len(files) == 7
    assert files <= names


@pytest.mark.timeout(300)
def test_the_wheel_serves_and_loads_in_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=True)
    bin_folder = tmp_path / "venv" / "bin"
    pip = [str(bin_folder / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check", "install", "--no-compile"]
    locked = ["--no-deps", "--require-hashes", "--requirement", str(ROOT / "requirements.txt")]
    subprocess.run([*pip, *locked], check=True, capture_output=True)
    subprocess.run([*pip, "--no-deps", str(wheel)], check=True, capture_output=True)
    check = subprocess.run([*pip[:3], "check"], check=False, capture_output=True, text=True)
    assert check.returncode == 0, check.stdout

    serve = [str(bin_folder / "mcp-serve"), "payments", "--port", "0"]
    with subprocess.Popen(serve, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            found = re.search(r"http://\S+", server.stdout.readline())
            assert found
            load = [
                str(bin_folder / "mcp-load"),
                "payments",
                "--total",
                "20",
                "--concurrent",
                "2",
                "--url",
                found.group(),
            ]
            run = subprocess.run(load, cwd=tmp_path, check=False, capture_output=True, text=True, timeout=60)
        finally:
            server.terminate()
    assert run.returncode == 0, run.stdout + run.stderr
    assert re.search(r"Total Requests: +20\b", run.stdout)
