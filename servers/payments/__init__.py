"""The payments server: a small, honest payment provider with wallets, idempotency keys and outcomes on demand."""
