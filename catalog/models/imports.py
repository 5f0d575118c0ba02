"""Files of products: what was sent, what is in each row, and what became of it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from catalog.querysets import ImportRowErrorQuerySet, ImportRowQuerySet, ProductImportQuerySet


class ProductImport(models.Model):
    """A file of products that was sent for review, and then perhaps committed.

    Counts of products say what committing it would do; from its commit on, what it has done.
    """

    class Status(models.TextChoices):
        """Where it stands: VALIDATING, VALIDATED, COMMITTING, and one of the last two."""

        VALIDATING = "VALIDATING"
        VALIDATED = "VALIDATED"
        COMMITTING = "COMMITTING"
        COMMITTED = "COMMITTED"
        ABORTED = "ABORTED"

    class Encoding(models.TextChoices):
        """How the file's bytes make text."""

        UTF_8 = "UTF_8"
        UTF_16 = "UTF_16"
        WINDOWS_1252 = "WINDOWS_1252"
        MAC_ROMAN = "MAC_ROMAN"

        @property
        def codec(self) -> str:
            """What Python calls it."""
            return self.value.lower().replace("_", "-")

    class OnError(models.TextChoices):
        """What a commit does about what is wrong."""

        ABORT = "ABORT"
        SKIP = "SKIP"

    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="product_imports",
        help_text="Who sent the file.",
    )
    file = models.CharField(max_length=250, help_text="Its name in the storage of imports.")
    file_name = models.CharField(max_length=255, blank=True, help_text="As its sender calls it.")
    file_hash = models.CharField(max_length=64, help_text="SHA-256, in hexadecimal digits.")
    encoding = models.CharField(max_length=20, choices=Encoding, default=Encoding.UTF_8)
    status = models.CharField(max_length=10, choices=Status, default=Status.VALIDATING)
    on_error = models.CharField(
        max_length=10, choices=OnError, blank=True, help_text="How it is committed; blank before."
    )
    row_count = models.PositiveIntegerField(default=0)
    valid_count = models.PositiveIntegerField(default=0, help_text="Rows.")
    invalid_count = models.PositiveIntegerField(default=0, help_text="Rows.")
    created_count = models.PositiveIntegerField(default=0, help_text="Products.")
    updated_count = models.PositiveIntegerField(default=0, help_text="Products.")
    unchanged_count = models.PositiveIntegerField(default=0, help_text="Products.")
    version = models.PositiveIntegerField(
        default=1, help_text="Counts the changes; who watches the import waits for the next."
    )
    created_at = models.DateTimeField(default=timezone.now, db_index=True)
    committed_at = models.DateTimeField(null=True, blank=True)

    objects = ProductImportQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    row_count__gte=models.F("valid_count") + models.F("invalid_count")
                ),
                name="import_counts_each_row_once",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=["VALIDATING", "VALIDATED"], on_error="")
                | models.Q(
                    status__in=["COMMITTING", "COMMITTED", "ABORTED"],
                    on_error__in=["ABORT", "SKIP"],
                ),
                name="import_committed_by_a_choice",
            ),
        ]

    def __str__(self) -> str:
        return self.file_name or f"Import {self.pk}"


class ImportRow(models.Model):
    """A row of a file: which product it belongs to, and what becomes of that."""

    class Action(models.TextChoices):
        """What the row's product asks of the catalogue."""

        CREATE = "CREATE"
        UPDATE = "UPDATE"
        UNCHANGED = "UNCHANGED"

    class Status(models.TextChoices):
        """Whether the row can go in, can't, or has gone in."""

        VALID = "VALID"
        INVALID = "INVALID"
        APPLIED = "APPLIED"

    product_import = models.ForeignKey(
        ProductImport,
        models.CASCADE,
        related_name="rows",
        db_index=False,  # two indexes begin with it
    )
    line = models.PositiveIntegerField(help_text="Its first line in the file, from 1.")
    handle = models.TextField(blank=True, help_text="Its product's; blank where it names none.")
    sku = models.TextField(null=True, blank=True)
    action = models.CharField(
        max_length=10, choices=Action, null=True, blank=True, help_text="None where it is invalid."
    )
    status = models.CharField(max_length=10, choices=Status)

    objects = ImportRowQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["product_import", "status", "line"], name="import_row_by_status")
        ]
        constraints = [
            models.UniqueConstraint(fields=["product_import", "line"], name="import_row_once"),
            models.CheckConstraint(
                condition=models.Q(status="INVALID", action=None)
                | (~models.Q(status="INVALID") & ~models.Q(action=None)),
                name="import_row_acts_where_valid",
            ),
        ]

    def __str__(self) -> str:
        return f"Line {self.line}"


class ImportRowError(models.Model):
    """What is wrong with a cell of a row."""

    row = models.ForeignKey(ImportRow, models.CASCADE, related_name="errors")
    field = models.TextField(blank=True, help_text="The column; blank for the row as a whole.")
    code = models.CharField(max_length=50)
    message = models.TextField(help_text="What is wrong and what to do.")

    objects = ImportRowErrorQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.field}: {self.code}"
