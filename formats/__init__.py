"""What both wings read the same way: flags, environment, strict YAML, durations, the version, where fixtures are found.

A leaf: it imports neither `servers` nor `loadgen`. Everything here complains the same way:
`formats.errors.InvalidInput` carries every problem found, one sentence each, naming the flag, or file, line and key.
"""
