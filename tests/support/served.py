"""`mcp-serve` as people start it: a process of its own."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Served:
    """A running `mcp-serve`; its log can be read once it has stopped."""

    url: str
    said: str
    process: subprocess.Popen[str] = field(repr=False)
    log: str = ""

    @property
    def base_url(self) -> str:
        return self.url.removesuffix("/mcp")

    def stop(self) -> str:
        """Stop it as Ctrl-C does; what it wrote to stderr."""
        if self.process.poll() is None:
            self.process.terminate()
            self.log = self.process.communicate(timeout=30)[1]
        assert self.process.returncode == 0, self.log
        return self.log


@contextmanager
def served(*argv: str) -> Iterator[Served]:
    """`mcp-serve ARGV` on a free port."""
    command = [sys.executable, "-m", "servers", *argv, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            found = re.search(r"http://\S+/mcp", said)
            if found is None:
                raise AssertionError(process.communicate(timeout=10)[1])
            yield Served(found.group(), said, process)
        finally:
            process.kill()
