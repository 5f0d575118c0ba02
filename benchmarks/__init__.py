"""How fast Nexus reads and sells, beside PostgreSQL itself and other ways to serve a shop."""
