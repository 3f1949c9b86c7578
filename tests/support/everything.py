"""The reference server of the protocol's authors, which has one of everything, run by Node.js."""

import os
import selectors
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest

from tests.support.node import find_node, packages

_MAIN = packages("everything") / "node_modules" / "@modelcontextprotocol" / "server-everything" / "dist" / "index.js"
_PATIENCE = 40.0
_TRIES = 3


@contextmanager
def everything(**environment: str) -> Iterator[str]:
    """Its URL, while it runs with this environment and no more of ours than it needs."""
    program = find_node("everything", "the server that has everything")
    for _ in range(_TRIES):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        own = {"PATH": os.environ.get("PATH", ""), "PORT": str(port), **environment}
        with _running(program, own) as process:
            if _listens(process):
                yield f"http://127.0.0.1:{port}/mcp"
                return
    pytest.fail("the server that has everything does not listen")


@contextmanager
def _running(program: str, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    command = [program, str(_MAIN), "streamableHttp"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


def _listens(process: subprocess.Popen[bytes]) -> bool:
    """Whether it says so; it ends instead when somebody was quicker to take the port."""
    assert process.stderr is not None
    deadline, said = time.monotonic() + _PATIENCE, b""
    with selectors.DefaultSelector() as ready:
        ready.register(process.stderr, selectors.EVENT_READ)
        while b"listening on port" not in said:
            if not ready.select(max(0.0, deadline - time.monotonic())):
                return False
            piece = os.read(process.stderr.fileno(), 4096)
            if not piece:
                return False
            said += piece
    return True
