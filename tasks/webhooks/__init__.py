"""Outbound webhooks: what happens in the shop, told to integrators' servers by signed requests.

An effect announces itself in its own transaction (`outbox`), a job prepares a delivery for each
endpoint that wants to know (`deliveries`), another job sends it (`sending`) until it arrives.
"""
