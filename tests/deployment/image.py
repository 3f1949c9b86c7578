"""What the Dockerfile says, for tests that do it without an engine."""

import json
import re
from dataclasses import dataclass

from tests.deployment.tool import ROOT


@dataclass(frozen=True)
class Image:
    """The last stage, and what the stage before it copies from the checkout."""

    user: str
    env: dict[str, str]
    command: list[str]
    healthcheck: list[str]
    copied: list[str]


def read_image() -> Image:
    """The image of the checkout."""
    text = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text())
    build, last = re.split(r"^FROM .*$", text, flags=re.MULTILINE)[1:]

    def value(pattern: str) -> str:
        (found,) = re.findall(pattern, last, re.MULTILINE)
        return str(found)

    return Image(
        user=value(r"^USER (.*)$"),
        env=dict(each.split("=", 1) for each in value(r"^ENV (.*)$").split()),
        command=json.loads(value(r"^CMD (.*)$")),
        healthcheck=json.loads(value(r"^HEALTHCHECK .*CMD (\[.*)$")),
        copied=[
            source for line in re.findall(r"^COPY (?!--)(.*)$", build, re.MULTILINE) for source in line.split()[:-1]
        ],
    )
