"""MCP on the wire: what is read from a request, what is known of a reply, and the seams to FastMCP and uvicorn."""
