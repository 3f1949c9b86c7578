from typing import Annotated, Self

import pytest
from cyclopts import App, Parameter
from pydantic import BaseModel, ConfigDict, Field, model_validator

from formats.durations import Duration
from formats.flags import run_command


class Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    count: Annotated[int, Field(ge=1), Parameter(env_var="COUNT")] = 1
    share: Annotated[float, Field(le=1)] = 0.5
    quick: bool = False
    wait: Duration = 0.0

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.quick and self.count > 5:
            raise ValueError("--quick wants a --count of 5 at most")
        return self


def run(*argv: str) -> int:
    app = App(name="tool", version="1.2.3")

    @app.command
    def work(*, options: Annotated[Options, Parameter(name="*")] = Options()) -> int:  # noqa: B008 - frozen
        """Do the work."""
        return options.count

    return run_command(app, argv)


@pytest.mark.parametrize(
    ("argv", "complaints"),
    [
        (["work", "--count", "0"], ['--count should be greater than or equal to 1, got "0"']),
        (
            ["work", "--count", "x", "--share", "2", "--cuont", "3"],
            [
                "--cuont is not known (did you mean --count?)",
                '--count should be a valid integer, unable to parse string as an integer, got "x"',
                '--share should be less than or equal to 1, got "2"',
            ],
        ),
        (["work", "--wait", "-5s"], ['--wait should not be negative, got "-5s"']),
        (["work", "--wait=-5"], ['--wait should not be negative, got "-5"']),
        (["work", "--quick", "-5s"], ['Invalid value for --quick: unable to convert "-5s" into bool.']),
        (["work", "--count"], ['Command "work" parameter --count requires an argument.']),
        (["work", "stray"], ["'stray' is not expected here"]),
        (["work", "--", "--count", "3"], ["'--count' is not expected here"]),
        (["work", "--quick", "--count", "6"], ["--quick wants a --count of 5 at most"]),
        (["wrok"], ["wrok is not a command (did you mean work?); the commands are work"]),
    ],
)
def test_every_complaint_is_one_line_and_all_come_at_once(
    argv: list[str], complaints: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*argv) == 2
    assert capsys.readouterr().err.splitlines() == [f"tool: {complaint}" for complaint in complaints]


def test_the_commands_value_is_the_exit_code() -> None:
    assert run("work", "--count", "4") == 4


def test_a_bad_variable_is_named_unless_the_flag_beats_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COUNT", "many")
    assert run("work") == 2
    assert capsys.readouterr().err.startswith("tool: COUNT should be a valid integer")
    assert run("work", "--count", "3") == 3


@pytest.mark.parametrize("argv", [["--help"], ["work", "--help"], ["work", "-h"]])
def test_help_is_shown(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*argv) == 0
    assert "Usage: tool" in capsys.readouterr().out


def test_without_a_command_help_is_shown_and_the_exit_code_is_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert run() == 2
    assert "Do the work." in capsys.readouterr().out


def test_the_version_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--version") == 0
    assert capsys.readouterr().out == "1.2.3\n"
