from pathlib import Path

import pytest

from formats.errors import InvalidInput
from formats.fixtures import find_fixture


def test_a_bundled_fixture_is_found_by_its_bare_name() -> None:
    assert find_fixture("seeds", "payments").name == "payments.yaml"


def test_a_file_that_has_a_bundled_name_needs_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "payments").write_text("version: 1\n")
    (tmp_path / "mine.yaml").write_text("version: 1\n")
    monkeypatch.chdir(tmp_path)
    assert find_fixture("seeds", "payments").name == "payments.yaml"
    assert find_fixture("seeds", "./payments") == Path("payments")
    assert find_fixture("seeds", "mine.yaml") == Path("mine.yaml")


def test_an_unknown_name_is_answered_with_the_bundled_ones() -> None:
    with pytest.raises(InvalidInput, match=r"^paiments: there is no such file, .*\(bundled: payments\)$"):
        find_fixture("seeds", "paiments")


def test_a_name_that_no_file_can_have_is_an_unknown_name() -> None:
    with pytest.raises(InvalidInput, match="there is no such file"):
        find_fixture("seeds", "x" * 5000)


def test_the_package_s_own_data_wins_over_the_checkout_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for root in ("package", "checkout"):
        (tmp_path / root / "seeds").mkdir(parents=True)
        (tmp_path / root / "seeds" / "payments.yaml").touch()
    monkeypatch.setattr("formats.fixtures.ROOTS", (tmp_path / "package", tmp_path / "checkout"))
    assert find_fixture("seeds", "payments").is_relative_to(tmp_path / "package")
