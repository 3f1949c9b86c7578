"""The calculator as `mcp-serve` runs it, but for the fault plane, whose cost this is to show.

python -m tests.support.unfaulted_server PORT
"""

import sys

from servers.app import build_app
from servers.config import CalculatorConfig
from servers.run import Server, bind
from servers.telemetry import TelemetryLayer
from servers.wire.call import CallReader
from servers.wire.guard import Guard

if __name__ == "__main__":
    app = build_app(CalculatorConfig(port=0))
    assert isinstance(app.asgi, TelemetryLayer)
    assert app.faults is not None
    app.asgi.app = Guard(CallReader(app.faults.layer.app))
    Server(app, 1.0, lambda: None).run(bind("127.0.0.1", int(sys.argv[1])))
