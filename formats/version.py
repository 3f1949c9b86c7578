"""The version of this project, as it was installed."""

from importlib.metadata import version

VERSION = version("mcp-testbed")
