"""The fastest event loop that this system has."""

import asyncio


def new_event_loop() -> asyncio.AbstractEventLoop:
    """One of uvloop's, or of asyncio's where there is no uvloop."""
    try:
        import uvloop  # noqa: PLC0415 - there is none for Windows
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
