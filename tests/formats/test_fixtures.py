from pathlib import Path

import pytest

from formats.errors import InvalidInput
from formats.fixtures import find_fixture


def test_a_bundled_fixture_is_found_by_its_bare_name() -> None:
    assert find_fixture("seeds", "payments").name == "payments.yaml"


def test_a_path_wins_over_a_bundled_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "payments").write_text("version: 1\n")
    monkeypatch.chdir(tmp_path)
    assert find_fixture("seeds", "payments") == Path("payments")


def test_an_unknown_name_is_answered_with_the_bundled_ones() -> None:
    with pytest.raises(InvalidInput, match=r"^paiments: there is no such file, .*\(bundled: payments\)$"):
        find_fixture("seeds", "paiments")
