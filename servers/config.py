"""What a server is told at its start, by flags and MCP_SERVE_… variables. The defaults suit a developer's machine."""

from typing import Annotated, Literal

from cyclopts import Parameter
from pydantic import BaseModel, ConfigDict, Field

from formats.durations import Duration


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
    verbose: Annotated[
        bool, Parameter(name=["--verbose", "-v"], negative="", help="Log what the server does to stderr.")
    ] = False


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
