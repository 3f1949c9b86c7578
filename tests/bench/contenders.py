"""The servers that the benchmark compares, and those of them that run at the moment.

A further variant is one line of VARIANTS.
"""

import json
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.dialogue import Mode, one_reply
from tests.bench.served import Served, serving

LANE, NO_LANE, PLAIN, ECHO = "lane", "no-lane", "plain", "echo"
UNFAULTED, RULES = "unfaulted", "rules"
_TWENTY_RULES = str(Path(__file__).parent / "twenty_rules.yaml")
_CALCULATOR = ("-m", "servers", "calculator", "--port", "{port}", "--response", "{response}")


@dataclass(frozen=True)
class Variant:
    """A server that takes part; in its command {response} is json or sse, {reply} a file with mcp-serve's answer."""

    name: str
    label: str
    command: tuple[str, ...]
    is_mcp: bool = True
    """It answers with the id of the call, so that mcp-load can be its client, too."""
    everywhere: bool = True
    """It takes part in every mode with every number of connections, not only where all are compared."""


VARIANTS = (
    Variant(LANE, "mcp-serve", _CALCULATOR),
    Variant(NO_LANE, "mcp-serve --no-lane", (*_CALCULATOR, "--no-lane")),
    Variant(PLAIN, "plain FastMCP", ("-m", "tests.support.plain_server", "{port}", "{response}")),
    Variant(UNFAULTED, "  without fault plane", ("-m", "tests.support.unfaulted_server", "{port}"), everywhere=False),
    Variant(RULES, "  with 20 idle rules", (*_CALCULATOR, "--faults", _TWENTY_RULES), everywhere=False),
    Variant(ECHO, "bare ASGI echo", ("-m", "tests.support.echo_app", "{port}", "{reply}"), is_mcp=False),
)


@dataclass
class Fleet:
    """The servers that run, each started when it is first wanted."""

    stack: ExitStack
    folder: Path
    _running: dict[tuple[str, ...], Served] = field(default_factory=dict)

    def server(self, variant: Variant, mode: Mode) -> Served:
        """The process that answers for `variant` in `mode`; two modes share one if its command is the same."""
        reply = self._reply(mode) if "{reply}" in variant.command else ""
        command = tuple(part.replace("{response}", mode.response).replace("{reply}", reply) for part in variant.command)
        if command not in self._running:
            self._running[command] = self.stack.enter_context(serving(command))
        return self._running[command]

    def _reply(self, mode: Mode) -> str:
        path = self.folder / f"{mode.name}.json"
        if not path.exists():
            reply = one_reply(self.server(VARIANTS[0], mode).port, mode)
            path.write_text(json.dumps({"status": reply.status, "headers": reply.headers, "body": reply.body}))
        return str(path)


@contextmanager
def fleet() -> Iterator[Fleet]:
    """No servers at first; all that were started are stopped at the end."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        yield Fleet(stack, Path(folder))
