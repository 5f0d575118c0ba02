"""Reliable dispatch: outbox, relay, inbox, job status, idempotency."""
