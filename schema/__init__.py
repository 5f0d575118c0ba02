"""GraphQL: the endpoint, the composed schema, one package a domain, the read compiler."""
