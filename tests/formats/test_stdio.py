import io
import subprocess
import sys

import pytest

from formats.stdio import say

PRINT = """
from formats.stdio import open_missing_streams, say
import sys, socket
open_missing_streams()
say("one", sys.stdout); say("two", sys.stdout); say("three", sys.stderr)
with socket.socket() as s: assert s.fileno() > 2
"""


@pytest.mark.parametrize("redirection", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-", ">/dev/full", "2>/dev/full", "| true"])
def test_a_command_goes_on_whatever_its_streams_are(redirection: str) -> None:
    command = f"set -o pipefail; {sys.executable} -c '{PRINT}' {redirection}"
    done = subprocess.run(["bash", "-c", command], check=False, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


def test_what_a_terminal_would_obey_is_said_as_blanks() -> None:
    stream = io.StringIO()
    say("a\x1b[2J\x9b\r\x07\u202e\ud800b\nsecond line: 100 % … é\n", stream)
    assert stream.getvalue() == "a [2J     b\nsecond line: 100 % … é\n"
