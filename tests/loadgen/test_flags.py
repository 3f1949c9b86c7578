"""Every flag that cannot be used is named in a sentence, all of them at once, and before a socket opens."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from loadgen.cli import main

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def silent_url() -> Iterator[str]:
    """A URL at which a connection would be seen."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        with pytest.raises(BlockingIOError):
            listening.accept()


@pytest.mark.parametrize(
    ("argv", "complaints"),
    [
        (["tool", "x", "--rate", "0"], ["--rate should be greater than 0"]),
        (["tool", "x", "--rate", "nan"], ["--rate should be a finite number"]),
        (["tool", "x", "--rate", "1e9"], ["--rate should be less than or equal to 100000"]),
        (["tool", "x", "--rate", "5", "--max-vus", "0"], ["--max-vus should be greater than or equal to 1"]),
        (["tool", "x", "--rate", "5", "--max-vus", "9"], ["--max-vus should be --vus or more"]),
        (["tool", "x", "--max-vus", "20"], ["--max-vus is for --rate only"]),
        (["tool", "x", "--rate", "0", "--max-vus", "20"], ["--rate should be greater than 0"]),
        (["tool", "x", "--vus", "0"], ["--vus should be greater than or equal to 1"]),
        (["tool", "x", "--vus", "100001"], ["--vus should be less than or equal to 100000"]),
        (["tool", "x", "--duration", "0s"], ["--duration should be greater than 0"]),
        (["tool", "x", "--duration", "soon"], ["--duration should be a duration such as 500ms, 30s or 1m30s"]),
        (["tool", "x", "--total", "0"], ["--total should be greater than or equal to 1"]),
        (["tool", "x", "--total", "5", "--duration", "1s"], ["--total cannot go together with --duration"]),
        (["tool", "x", "--total", "5", "--rate", "3"], ["--rate cannot go together with --total"]),
        (
            ["tool", "x", "--total", "5", "--rate", "3", "--duration", "1s"],
            ["--total cannot go together with --duration", "--rate cannot go together with --total"],
        ),
        (
            ["tool", "x", "--args", "[", "--out", "x"],
            [
                "--out should be json=FILE, html=FILE, junit=FILE, ndjson=FILE or openmetrics=FILE",
                "--args should be a JSON object",
            ],
        ),
        (["tool", "x", "--json", "a", "--out", "json=b"], ["--out and --json name one report, once"]),
        (["tool", "x", "--out", "json=/none/b"], ["--out /none/b cannot be written: No such file or directory"]),
        (["tool", "x", "--json", "/none/b"], ["--json /none/b cannot be written: No such file or directory"]),
        (["tools", "--tool", "a", "--tool", "a=3"], ["--tool should name each tool once"]),
        (["tools", "--tool", "=3", "--seed", "-1"], ["--seed should be", "--tool should be NAME or NAME=WEIGHT"]),
        (["payments", "--total", "0", "--concurrent", "0"], ["--total should be", "--concurrent should be"]),
        (["payments", "--mixed", "--only", "verify"], ["--only cannot go together with --mixed"]),
        (
            ["calculator", "--vus", "0", "--duration", "0", "--timeout", "0", "--min-success", "101"],
            ["--timeout should be", "--min-success should be", "--vus should be", "--duration should be"],
        ),
        (
            ["calculator", "--header", "bad", "--header", "A: 1", "--header", "Connection: x", "--vus", "0"],
            [
                "--header cannot be sent: the header 'bad' is not of the form 'name: value'",
                "--header cannot be sent: the header Connection belongs to the connection",
                "--vus should be",
            ],
        ),
        (["calculator", "--bearer", "a\nb"], ["--bearer cannot be sent: the value of the header Authorization"]),
        (["calculator", "--proxy", "http://h:1"], ["--proxy wants --transport aiohttp"]),
        (["calculator", "--proxy", "h", "--transport", "aiohttp"], ["--proxy should be an http or https URL"]),
        (["calculator", "--insecure"], ["--insecure is for https, and the URL is http://"]),
        (["calculator", "--cacert", "/none"], ["--cacert is for https, and the URL is http://"]),
        (["calculator", "--metrics-port", "x"], ["--metrics-port should be a valid integer"]),
        (["calculator", "--metrics-linger", "-1"], ["--metrics-linger should not be negative, got"]),
        (["calculator", "--sed", "1", "--vus", "0"], ["--sed is not known (did you mean --seed?)", "--vus should be"]),
    ],
)
def test_bad_flags_are_named_all_at_once(
    silent_url: str, argv: list[str], complaints: list[str], capsys: Captured
) -> None:
    assert main([*argv, "--url", silent_url]) == 2
    captured = capsys.readouterr()
    lines = captured.err.splitlines()
    assert len(lines) == len(complaints), captured.err
    for line, complaint in zip(lines, complaints, strict=True):
        assert line.startswith(f"mcp-load: {complaint}")
    assert captured.out == ""


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("nowhere", "--url should be a URL such as http://127.0.0.1:8000"),
        ("http://h:0", "--url should have a port from 1 to 65535"),
        ("http://hä", "--url should be a URL of ASCII characters"),
    ],
)
def test_a_bad_url_is_named(url: str, complaint: str, capsys: Captured) -> None:
    assert main(["tool", "x", "--url", url, "--vus", "0"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(",")[0] for line in lines] == [
        f"mcp-load: {complaint}",
        "mcp-load: --vus should be greater than or equal to 1",
    ]


def test_authorities_that_are_no_pem_file_are_named_and_cannot_go_with_anybody(
    tmp_path: Path, capsys: Captured
) -> None:
    path = tmp_path / "authorities.pem"
    path.write_text("none")
    assert main(["calculator", "--url", "https://127.0.0.1:9", "--cacert", str(path), "--insecure"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        f"mcp-load: --cacert {path} cannot be used: it holds no PEM certificate",
        "mcp-load: --insecure cannot go together with --cacert: trust these, or anybody",
    ]


@pytest.mark.parametrize(
    ("argv", "flag"),
    [
        (["tool", "x", "--vus", "90000"], "--vus"),
        (["tool", "x", "--rate", "1", "--vus", "90000"], "--vus"),
        (["tool", "x", "--rate", "1", "--max-vus", "90000"], "--max-vus"),
        (["calculator", "--vus", "90000"], "--vus"),
        (["payments", "--concurrent", "90000", "--total", "90000"], "--concurrent"),
    ],
)
def test_more_users_than_open_files_are_blamed_on_their_flag(
    silent_url: str, argv: list[str], flag: str, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda _: (1024, 1024))
    assert main([*argv, "--url", silent_url]) == 2
    assert capsys.readouterr().err.startswith(f"mcp-load: {flag} is too high: ")


def test_a_secret_is_not_repeated(capsys: Captured) -> None:
    assert main(["calculator", "--bearer", "s3cret\n", "--header", "Authorization: s3cret\n."]) == 2
    assert "s3cret" not in capsys.readouterr().err
