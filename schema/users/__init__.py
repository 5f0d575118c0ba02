"""GraphQL of accounts, log-in, messages and notifications."""
