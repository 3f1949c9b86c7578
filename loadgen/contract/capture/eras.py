"""Which protocol versions a server really speaks: each is proposed, in a connection of its own."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from formats.contract import Era

from ...client.messages import HANDSHAKE_VERSIONS
from ...client.modern import MODERN
from ...client.session import Session, delete_session, initialize_session
from ...client.transport import Transport
from ...errors import TargetUnreachable
from ...outcome import Connect, Failure, Timeout, Tls


@dataclass(frozen=True, slots=True)
class Served:
    """The versions that were taken up; `about` is what the server says of itself in the newest of each era."""

    newest: Mapping[Era, str]
    versions: tuple[str, ...]
    about: Mapping[Era, Mapping[str, Any]]

    @property
    def best(self) -> Era:
        """The era whose word counts where the two disagree."""
        return "modern" if "modern" in self.newest else "handshake"

    def unproven(self) -> list[str]:
        """Versions that `server/discover` names and that were not taken up, or cannot be tried by this client."""
        named = self.about.get("modern", {}).get("supportedVersions")
        return [str(version) for version in named if version not in self.versions] if isinstance(named, list) else []


async def find_served(connect: Callable[[], Transport], within: float, url: str) -> Served:
    """Propose each version that this client speaks, the newest first; each request may take `within` seconds.

    Raises:
        TargetUnreachable: the server at `url` takes up none of them.
    """
    newest: dict[Era, str] = {}
    versions: list[str] = []
    about: dict[Era, Mapping[str, Any]] = {}
    failures: list[Failure] = []
    for version in (MODERN, *HANDSHAKE_VERSIONS):
        said = await _propose(connect, within, version)
        if isinstance(said, Session):
            if said.protocol == version:
                era: Era = "modern" if said.modern else "handshake"
                versions.append(version)
                newest.setdefault(era, version)
                about.setdefault(era, said.about)
            continue
        failures.append(said)
        if _is_hopeless(version, said):
            break
    if not versions:
        raise TargetUnreachable(_unreachable(url, failures))
    return Served(newest, tuple(sorted(versions)), about)


async def _propose(connect: Callable[[], Transport], within: float, version: str) -> Session | Failure:
    transport = connect()
    try:
        session = await initialize_session(transport, within, protocol=version)
        if isinstance(session, Session):
            await delete_session(session)
        return session
    finally:
        await transport.close()


def _is_hopeless(version: str, failure: Failure) -> bool:
    """Whether older versions need not be tried: nobody is there, or nobody speaks."""
    # Servers that expect a session may well be silent about a request without one.
    return isinstance(failure, (Connect, Tls)) or (isinstance(failure, Timeout) and version != MODERN)


def _unreachable(url: str, failures: Iterable[Failure]) -> str:
    last = [*failures][-1:]
    silent = all(isinstance(failure, (Connect, Tls, Timeout)) for failure in last)
    what = "cannot be reached" if silent else "does not answer as an MCP server"
    why = "".join(f": {failure.detail}" for failure in last)
    return f"{url} {what}{why}. Is the server running, and is the URL right?"
