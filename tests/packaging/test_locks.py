"""What is written down about packages holds anywhere: hashes, but no host and no path of the machine that locked."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ["requirements.txt", "requirements-dev.txt"]


def tracked_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [ROOT / name for name in listed.splitlines() if (ROOT / name).is_file()]


@pytest.mark.parametrize("name", LOCKS)
def test_every_requirement_is_pinned_with_hashes(name: str) -> None:
    text = (ROOT / name).read_text().replace("\\\n", "")
    requirements = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert len(requirements) > 30
    assert not re.search("--(?:extra-)?index-url|--find-links", text)
    assert [line for line in requirements if not re.match(r"[\w.-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", line)] == []


@pytest.mark.parametrize("name", LOCKS)
def test_every_direct_dependency_is_locked_and_so_is_the_build_backend(name: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = project["dependency-groups"]
    wanted = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    wanted += groups["dev"] if name == "requirements-dev.txt" else []
    locked = {line.split("==")[0].lower() for line in (ROOT / name).read_text().splitlines() if "==" in line}
    assert {re.split(r"[^\w.-]", requirement)[0].lower() for requirement in wanted} <= locked


def test_what_windows_does_not_have_is_imported_only_where_it_may_be_missing() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    optional = [re.split(r"[^\w.-]", each)[0] for each in project["project"]["dependencies"] if "win32" in each]
    assert optional == ["uvloop"]
    for package in ("formats", "loadgen", "servers"):
        for path in (ROOT / package).rglob("*.py"):
            assert not re.search(rf"^(?:import|from) (?:{'|'.join(optional)})\b", path.read_text("utf-8"), re.MULTILINE)


def test_no_file_names_a_package_host_or_a_path_of_one_machine() -> None:
    hosts = "|".join(["py" + "pi.org", "python" + "hosted", "registry.npm" + "js", "deb.deb" + "ian"])
    homes = "|".join(["/" + "root/", "/" + "home/", "/" + "Users/"])
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in tracked_files()
        if (match := re.search(f"{hosts}|{homes}", _text(path)))
    ]
    assert found == []


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8", errors="replace")
