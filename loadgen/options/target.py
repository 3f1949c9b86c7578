"""What every command that talks to a server takes: where it is, and how it is reached."""

import re
import ssl
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit, urlunsplit

from cyclopts import Parameter
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from formats.durations import Duration
from formats.errors import REPEATED, InvalidInput

from ..client.endpoint import Endpoint, parse_header


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
    Parameter(env_var=["SERVER_URL", "API_BASE_URL"], help="The server; /mcp is appended when the URL has no path."),
]


class TargetOptions(BaseModel):
    """A server and the way to it. Each flag beats its environment variable, which beats the default."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: Url
    timeout: Annotated[
        Duration,
        Field(gt=0),
        Parameter(env_var="LOAD_TEST_TIMEOUT", help="Longest time for one request, in seconds or such as 500ms."),
    ] = 30.0
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


def _want_https(info: ValidationInfo) -> None:
    url = info.data.get("url")
    if url is not None and urlsplit(url).scheme != "https":
        raise PydanticCustomError(REPEATED, "is for https, and the URL is {url}", {"url": url})
