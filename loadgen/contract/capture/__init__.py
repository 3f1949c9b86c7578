"""Capturing a contract: which eras a server serves, what it lists, how it answers, as a `Contract`."""
