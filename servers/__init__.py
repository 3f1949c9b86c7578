"""Stand-in MCP servers: payments and calculator, on FastMCP, both protocol eras on one port.

`servers.testing.running_server` is the module for other people's tests; everything else is reached over the wire or
through `mcp-serve`.
"""
