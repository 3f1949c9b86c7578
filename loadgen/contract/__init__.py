"""Contracts of MCP servers: captured from one, checked on one, compared with each other."""
