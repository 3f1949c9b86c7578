"""What every load command takes: which server, how it is reached, what is reported where."""

import re
import secrets
import ssl
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit, urlunsplit

from cyclopts import Parameter
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from formats.durations import Duration, format_duration
from formats.errors import REPEATED, InvalidInput

from ..call import ToolCall
from ..client.endpoint import Endpoint, parse_header
from ..open_files import allow_open_files
from ..plan import Executor, Plan, PlannedWorkload, Scenario
from .files import Kind, Reports, as_output, read_outputs

MOST_USERS = 100_000
Users = Annotated[int, Field(ge=1, le=MOST_USERS)]
Protocol = Literal["auto", "2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"]


def endpoint_url(url: str) -> str:
    """The MCP endpoint that `url` means: `/mcp` when it has no path.

    Raises:
        ValueError: not an http or https URL with a host, or one with a user name, which a report would show.
    """
    if not url.isascii() or not url.isprintable():
        raise ValueError("should be a URL of ASCII characters")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("should be a URL such as http://127.0.0.1:8000")
    if not re.fullmatch(r"[\w.:%-]+", parts.hostname):
        raise ValueError("should name a host without blanks or other special characters")
    if parts.username is not None or parts.fragment:
        raise ValueError("should have neither a user name nor a #fragment")
    if parts.port == 0:  # of what is no port at all, a ValueError of its own
        raise ValueError("should have a port from 1 to 65535")
    return urlunsplit(parts._replace(path="/mcp" if parts.path in ("", "/") else parts.path))


def _sendable(line: str) -> str:
    """A header as people write it, if the connection can send it."""
    try:
        Endpoint("http://localhost", headers=(parse_header(line),))
    except InvalidInput as error:  # without the value, which may be a secret
        raise PydanticCustomError(REPEATED, "cannot be sent: {why}", {"why": "; ".join(error.problems)}) from error
    return line


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
        tuple[Annotated[str, AfterValidator(_sendable)], ...],
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
        Field(ge=0, lt=2**63),  # what JSON readers can hold
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
    json_file: Annotated[Path | None, Parameter(name="--json", help="The same as --out json=FILE.")] = None
    out: Annotated[
        tuple[Annotated[str, AfterValidator(as_output)], ...],
        Parameter(
            negative="",
            show_default=False,
            help=(
                "json=FILE, html=FILE or junit=FILE: save a report; ndjson=FILE: write every call down; "
                "openmetrics=FILE: write it for promtool; repeatable."
            ),
        ),
    ] = ()
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

    @field_validator("out")
    @classmethod
    def _one_of_a_kind(cls, out: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        kinds = read_outputs(out)
        if len(kinds) < len(out):
            raise ValueError("should name one file of each kind")
        if len({path.resolve() for path in kinds.values()}) < len(kinds):
            raise ValueError("should name each file once")
        if "json" in kinds and info.data.get("json_file") is not None:
            raise ValueError("and --json name one report, once")
        return out

    @field_validator("bearer")
    @classmethod
    def _sendable_token(cls, bearer: str | None) -> str | None:
        if bearer is not None:
            _sendable(f"Authorization: Bearer {bearer}")
        return bearer

    @field_validator("cacert")
    @classmethod
    def _readable_authorities(cls, cacert: Path | None, info: ValidationInfo) -> Path | None:
        if cacert is not None:
            _want_https(info)
            try:
                ssl.create_default_context(cafile=cacert)
            except OSError as error:  # an SSLError is one
                why = "it holds no PEM certificate" if isinstance(error, ssl.SSLError) else error.strerror
                raise PydanticCustomError(
                    REPEATED, "{path} cannot be used: {why}", {"path": str(cacert), "why": why}
                ) from error
        return cacert

    @field_validator("insecure")
    @classmethod
    def _only_https(cls, insecure: bool, info: ValidationInfo) -> bool:
        if insecure:
            _want_https(info)
            if info.data.get("cacert", "a bad one") is not None:
                raise PydanticCustomError(REPEATED, "cannot go together with --cacert: trust these, or anybody")
        return insecure

    @field_validator("proxy")
    @classmethod
    def _usable_proxy(cls, proxy: str | None, info: ValidationInfo) -> str | None:
        if proxy is None:
            return None
        problems = ["wants --transport aiohttp"] if info.data.get("transport") == "raw" else []
        try:
            Endpoint("http://localhost", "aiohttp", proxy=proxy)
        except InvalidInput:
            problems.append("should be an http or https URL with a host")
        if problems:
            raise ValueError(" and ".join(problems))
        return proxy

    def endpoint_of(self, url: str) -> Endpoint:
        """How `url` is reached.

        Raises:
            InvalidInput: flags that do not go together, a header that is none, or a file that cannot be read.
        """
        headers = [parse_header(line) for line in self.header]
        if self.bearer:
            headers.append(("Authorization", f"Bearer {self.bearer}"))
        return Endpoint(
            url,
            self.transport,
            tuple(headers),
            cacert=self.cacert,
            insecure=self.insecure,
            proxy=self.proxy,
        )

    @property
    def reports(self) -> Reports:
        """The files that are asked for."""
        more: dict[Kind, Path] = {} if self.json_file is None else {"json": self.json_file}
        return Reports({**read_outputs(self.out), **more})

    def drawn_seed(self) -> int:
        """The seed that was given, or a new one."""
        return secrets.randbelow(10**9) if self.seed is None else self.seed

    def make_plan(
        self,
        words: list[str],
        seed: int,
        executor: Executor,
        load_flags: list[str],
        *,
        users: str,
        workload: PlannedWorkload,
        setup: tuple[ToolCall, ...] = (),
        **rest: Any,
    ) -> Plan:
        """The plan of the command `words`, with what all commands share filled in.

        Raises:
            InvalidInput: there are more users than open files; the flag `users` says how many.
        """
        try:
            allow_open_files(executor.max_vus)
        except InvalidInput as error:
            raise InvalidInput([f"{users} is too high: {problem}" for problem in error.problems]) from error
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
            scenarios=(Scenario(words[0], executor, workload, setup),),
            command=("mcp-load", *words, *flags),
            **rest,
        )


def _want_https(info: ValidationInfo) -> None:
    url = info.data.get("url")
    if url is not None and urlsplit(url).scheme != "https":
        raise PydanticCustomError(REPEATED, "is for https, and the URL is {url}", {"url": url})
