"""An MCP client in parts: messages and event streams without IO, a transport, and a session over it."""
