"""The project: settings, URLs, ASGI, Celery, logging, health, the embedded database."""
