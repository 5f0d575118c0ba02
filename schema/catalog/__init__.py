"""GraphQL of the catalogue."""
