"""The project: settings, URLs, ASGI, Celery, logging, health, the embedded database."""

# Tasks declared anywhere in this process belong to this application.
from nexus.celery import app

__all__ = ["app"]
