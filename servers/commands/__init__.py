"""Commands of `mcp-serve` besides those that serve."""
