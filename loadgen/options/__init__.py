"""The flags of each load command, and the plan that they mean."""
