"""How fast Nexus reads, beside PostgreSQL itself and two other ways to serve the same data."""
