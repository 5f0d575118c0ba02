"""What becomes of payments after checkout has asked for them, one module a step."""
