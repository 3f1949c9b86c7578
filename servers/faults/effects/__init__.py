"""What a rule can do: one class per fault, and the keys by which a profile names their families."""
