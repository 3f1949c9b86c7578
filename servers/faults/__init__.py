"""The fault plane: every way a server can hurt its client, on purpose, repeatable and recorded."""
