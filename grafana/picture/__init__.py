"""A picture of a dashboard, for the README."""
