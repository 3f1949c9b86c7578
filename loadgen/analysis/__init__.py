"""What measurements mean: pure functions over frozen values, without IO and without a clock."""
