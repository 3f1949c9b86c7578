"""When calls are made, and by how many virtual users."""
