"""`mcp-load contract`: what a server offers and how it answers, as a file; held against servers and other files."""

from cyclopts import App

app = App(name="contract", help="Capture, check and compare what MCP servers offer and how they answer.")
