"""What a contract check looks at, one family of questions a file; `check.py` runs them."""
