#!/usr/bin/env python
"""Django's command line for Nexus."""

import os
import sys

# These need no database, or look after it themselves.
WITHOUT_DATABASE = {"run", "check", "collectstatic", "export_schema", "help", "spectacular"}


def main() -> None:
    """Run the management command named on the command line, the embedded database running."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nexus.settings")
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import OperationalError, connection

    from nexus.embedded import EmbeddedPostgresError, database

    try:
        if len(sys.argv) < 2 or sys.argv[1] in WITHOUT_DATABASE or {"--help", "-h"} & {*sys.argv}:
            execute_from_command_line(sys.argv)
        else:
            with database(settings):
                execute_from_command_line(sys.argv)
    except (ImproperlyConfigured, EmbeddedPostgresError) as error:
        sys.exit(f"manage.py: {error}")
    except OperationalError as error:
        if connection.connection is not None:  # then it is no trouble of reaching it
            raise
        place = connection.settings_dict
        address = f"{place['HOST'] or 'the local socket'}:{place['PORT'] or 5432}"
        reason = str(error).strip().partition("\n")[0]
        sys.exit(f"manage.py: Can't reach PostgreSQL at {address} (DATABASE_URL): {reason}")


if __name__ == "__main__":
    main()
