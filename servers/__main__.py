"""`python -m servers` is `mcp-serve`."""

import sys

from .cli import main

sys.exit(main())
