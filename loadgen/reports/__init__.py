"""Functions from a `RunResult` to something that people or machines read."""
