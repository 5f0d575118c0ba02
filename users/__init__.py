"""Accounts, roles, addresses, refresh sessions, messages and notifications."""
