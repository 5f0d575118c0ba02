from django.apps import AppConfig


class SchemaConfig(AppConfig):
    name = "schema"

    def ready(self) -> None:
        """Register the checks of the schema."""
        from schema import checks  # noqa: F401
