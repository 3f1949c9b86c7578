"""What a server is told at its start, by flags and MCP_SERVE_… variables. The defaults suit a developer's machine."""

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, Self

from cyclopts import Parameter
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from formats.durations import Duration

LARGEST_SEED = 2**63 - 1


def _bearer(token: str) -> str:
    if not token or not all("!" <= character <= "~" for character in token):
        raise ValueError("should be letters, digits and signs without blanks")
    return token


Token = Annotated[str, AfterValidator(_bearer)]
"""What can stand in a header after `Bearer`."""


class ServerConfig(BaseModel):
    """What every server takes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: Annotated[str, Field(min_length=1), Parameter(help="Address or host name to listen on.")] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535), Parameter(help="TCP port; 0 takes a free one.")]
    response: Annotated[
        Literal["json", "sse"],
        Parameter(help="How handshake-era calls are answered: one JSON body, or a stream of server-sent events."),
    ] = "json"
    lane: Annotated[
        bool,
        Parameter(
            negative="--no-lane", help="Answer tool calls on the fast lane; without it, FastMCP answers every request."
        ),
    ] = True
    max_body: Annotated[int, Field(ge=1), Parameter(help="Bytes of a request's body; more are refused with 413.")] = (
        4 * 1024 * 1024
    )
    grace: Annotated[
        Duration, Parameter(help="How long a stop waits for calls in flight, such as 500ms, 30s or 1m.")
    ] = 10.0
    faults: Annotated[
        str | None, Field(min_length=1), Parameter(help="Fault profile: a YAML file, or the name of a preset.")
    ] = None
    seed: Annotated[
        int | None,
        Field(ge=-LARGEST_SEED, le=LARGEST_SEED),
        Parameter(help="Seed of the faults, instead of the profile's own."),
    ] = None
    journal: Annotated[
        Path | None, Parameter(help="File to which every fault is appended, as a line of JSON; else the last 10,000.")
    ] = None
    admin_port: Annotated[
        int | None, Field(ge=0, le=65535), Parameter(help="Another TCP port for the control API alone; 0: a free one.")
    ] = None
    admin_token: Annotated[
        Token | None,
        Field(repr=False),
        Parameter(help="What the control API wants as a bearer token; required when --host is not of this machine."),
    ] = None
    verbose: Annotated[
        bool, Parameter(name=["--verbose", "-v"], negative="", help="Log what the server does to stderr.")
    ] = False

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        problems = []
        if self.admin_token is None and not is_loopback(self.host):
            problems.append(
                f"--host {self.host} can be reached by others, who could then inject faults through the control API: "
                "give --admin-token, too"
            )
        if self.port and self.port == self.admin_port:
            problems.append(f"--port and --admin-port should differ, got {self.port} for both")
        if problems:
            raise ValueError("; ".join(problems))
        return self


class CalculatorConfig(ServerConfig):
    """The calculator server."""

    port: Annotated[int, Field(ge=0, le=65535), Parameter(help="TCP port; 0 takes a free one.")] = 8100


class PaymentsConfig(ServerConfig):
    """The payments server."""

    port: Annotated[int, Field(ge=0, le=65535), Parameter(help="TCP port; 0 takes a free one.")] = 8000
    seed_file: Annotated[
        str, Parameter(help="Customers, wallets and payments that exist at the start: a YAML file, or a bundled name.")
    ] = "payments"
    keep: Annotated[
        int, Field(ge=1), Parameter(help="How many payments, and how many customers' wallets, are remembered.")
    ] = 100_000


class StubConfig(ServerConfig):
    """The stand-in for a server whose contract is written down."""

    port: Annotated[int, Field(ge=0, le=65535), Parameter(help="TCP port; 0 takes a free one.")] = 8200
    contract: Annotated[
        str, Field(min_length=1), Parameter(help="The contract of the server: a JSON file, or a bundled name.")
    ]
    answers_seed: Annotated[
        int,
        Field(ge=-LARGEST_SEED, le=LARGEST_SEED),
        Parameter(help="Seed of the answers that are made up; the same one makes up the same."),
    ] = 0
    keep: Annotated[int, Field(ge=1), Parameter(help="How many values the contract's responses may remember.")] = (
        100_000
    )


def is_loopback(host: str) -> bool:
    """Whether nobody but this machine can reach `host`; of names, that is only sure of localhost."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"
