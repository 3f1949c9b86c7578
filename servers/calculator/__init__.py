"""The calculator: four operations whose every answer a client can check."""
