"""What every load command takes: which server, how it is reached, what is reported where."""

import re
import secrets
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit, urlunsplit

from cyclopts import Parameter
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from formats.durations import Duration, format_duration

from ..client.endpoint import Endpoint, parse_header
from ..plan import Executor, Plan

_MOST_USERS = 100_000
Users = Annotated[int, Field(ge=1, le=_MOST_USERS)]
Protocol = Literal["auto", "2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"]


def endpoint_url(url: str) -> str:
    """The MCP endpoint that `url` means: `/mcp` when it has no path.

    Raises:
        ValueError: not an http or https URL with a host, or one with a user name, which a report would show.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("should be a URL such as http://127.0.0.1:8000")
    if not re.fullmatch(r"[\w.:%-]+", parts.hostname):
        raise ValueError("should name a host without blanks or other special characters")
    if parts.username is not None or parts.fragment:
        raise ValueError("should have neither a user name nor a #fragment")
    _ = parts.port  # a ValueError of its own
    return urlunsplit(parts._replace(path="/mcp" if parts.path in ("", "/") else parts.path))


Url = Annotated[
    str,
    AfterValidator(endpoint_url),
    Field(validate_default=True),
    Parameter(
        env_var=["SERVER_URL", "API_BASE_URL"], help="Server to load; /mcp is appended when the URL has no path."
    ),
]


class LoadOptions(BaseModel):
    """What every load command takes. Each flag beats its environment variable, which beats the default."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: Url
    timeout: Annotated[
        Duration,
        Field(gt=0),
        Parameter(env_var="LOAD_TEST_TIMEOUT", help="Longest time for one request, in seconds or such as 500ms."),
    ] = 30.0
    protocol: Annotated[
        Protocol,
        Parameter(help="MCP version to speak; auto finds out as an SDK client would: the newest one first."),
    ] = "2025-11-25"
    retry_lost: Annotated[
        bool,
        Parameter(
            negative="",
            show_default=False,
            help="Ask again, once, when a 2026-07-28 reply is lost; otherwise no call is ever made twice.",
        ),
    ] = False
    transport: Annotated[
        Literal["raw", "aiohttp"],
        Parameter(help="raw is the fast one; aiohttp also takes --proxy."),
    ] = "raw"
    header: Annotated[
        tuple[str, ...],
        Parameter(
            negative="", show_default=False, help='Header for every request, such as "X-Team: blue"; repeatable.'
        ),
    ] = ()
    bearer: Annotated[
        str | None, Parameter(env_var="LOAD_TEST_BEARER", help="Bearer token for every request.", show_default=False)
    ] = None
    cacert: Annotated[Path | None, Parameter(help="PEM file of the authorities to trust for https.")] = None
    insecure: Annotated[
        bool, Parameter(negative="", show_default=False, help="Do not check the server's certificate.")
    ] = False
    proxy: Annotated[str | None, Parameter(help="HTTP proxy to go through; wants --transport aiohttp.")] = None
    seed: Annotated[
        int | None,
        Field(ge=0),
        Parameter(
            help="What is called, and with which values, is drawn from this number; the report shows it.",
            show_default="random",
        ),
    ] = None
    min_success: Annotated[
        float,
        Field(ge=0, le=100, allow_inf_nan=False),
        Parameter(help="Successful requests in per cent below which the run fails with exit code 99."),
    ] = 99.9
    json_file: Annotated[
        Path | None, Parameter(name="--json", help="Also save the whole report as JSON to this file.")
    ] = None
    metrics_port: Annotated[
        int | None,
        Field(ge=0, le=65535),
        Parameter(help="Export live Prometheus metrics at /metrics on this port; 0 takes a free one."),
    ] = None
    metrics_linger: Annotated[
        Duration,
        Parameter(help="How long the metrics stay after the run, so that the last scrape sees its end."),
    ] = 4.0
    verbose: Annotated[
        bool,
        Parameter(
            name=["--verbose", "-v"],
            negative="",
            show_default=False,
            help="Also list every metric of the run in the report.",
        ),
    ] = False

    @property
    def endpoint(self) -> Endpoint:
        """Where the server is and how it is reached.

        Raises:
            InvalidInput: flags that do not go together, a header that is none, or a file that cannot be read.
        """
        headers = [parse_header(line) for line in self.header]
        if self.bearer:
            headers.append(("Authorization", f"Bearer {self.bearer}"))
        return Endpoint(
            self.url,
            self.transport,
            tuple(headers),
            cacert=self.cacert,
            insecure=self.insecure,
            proxy=self.proxy,
        )

    @property
    def report_file(self) -> Path | None:
        """Where the JSON report goes."""
        return self.json_file

    def drawn_seed(self) -> int:
        """The seed that was given, or a new one."""
        return secrets.randbelow(10**9) if self.seed is None else self.seed

    def make_plan(self, words: list[str], seed: int, executor: Executor, load_flags: list[str], **rest: Any) -> Plan:
        """The plan of the command `words`, with what all commands share filled in."""
        flags = ["--url", self.url, *load_flags, "--seed", str(seed)]
        if self.timeout != LoadOptions.model_fields["timeout"].default:
            flags += ["--timeout", format_duration(self.timeout)]
        if self.min_success != LoadOptions.model_fields["min_success"].default:
            flags += ["--min-success", f"{self.min_success:g}"]
        if self.protocol != type(self).model_fields["protocol"].default:
            flags += ["--protocol", self.protocol]
        flags += ["--retry-lost"] * self.retry_lost
        if self.transport != LoadOptions.model_fields["transport"].default:
            flags += ["--transport", self.transport]
        return Plan(
            name=words[0],
            url=self.url,
            seed=seed,
            protocol=self.protocol,
            retry_lost=self.retry_lost,
            timeout=self.timeout,
            min_success=self.min_success,
            executor=executor,
            command=("mcp-load", *words, *flags),
            **rest,
        )
