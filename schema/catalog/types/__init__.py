"""The catalogue, as clients read it."""
