"""The load generator: `mcp-load`. It meets the servers on the wire only.

`loadgen.client` is for other people's scripts, too; everything else is private to the command.
"""
