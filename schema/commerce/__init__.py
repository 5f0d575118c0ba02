"""GraphQL of carts, checkout and orders."""
