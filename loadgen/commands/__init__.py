"""Commands of `mcp-load` besides those that load a server."""
