"""A stand-in for any server whose contract is written down: what it lists, and how it answers."""
