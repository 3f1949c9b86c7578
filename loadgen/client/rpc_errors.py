"""Codes of JSON-RPC errors: those of JSON-RPC 2.0, section 5.1, and those that MCP adds."""

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
RESOURCE_NOT_FOUND = -32002
"""Of the handshake era; the modern one has INVALID_PARAMS for it."""
URL_ELICITATION_REQUIRED = -32042
"""Of the handshake era, too."""
HEADER_MISMATCH = -32020
"""Of the modern era, as are those below: a header does not say what the body says."""
MISSING_CAPABILITY = -32021
UNSUPPORTED_VERSION = -32022
"""Its data names the versions that the server has."""
