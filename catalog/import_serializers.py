"""What REST takes and shows of imports: files of products, and the reports on their rows."""

from __future__ import annotations

from rest_framework import serializers

from catalog.models import ImportRow, ProductImport


class ImportUploadSerializer(serializers.Serializer):
    """A file of products to review."""

    file = serializers.FileField(
        max_length=None,
        allow_empty_file=True,
        help_text="A product export of Shopify: CSV with the columns Handle, Title and Variant "
        "Price at least.",
    )
    encoding = serializers.ChoiceField(
        ProductImport.Encoding.choices,
        default=ProductImport.Encoding.UTF_8,
        help_text="How its bytes make text.",
    )


class ImportCommitSerializer(serializers.Serializer):
    """A reviewed file whose products are to go in."""

    file_hash = serializers.CharField(
        max_length=64, help_text="The `file_hash` of the import that was reviewed."
    )
    on_error = serializers.ChoiceField(
        ProductImport.OnError.choices,
        default=ProductImport.OnError.ABORT,
        help_text="ABORT refuses a file with invalid rows, SKIP leaves them out.",
    )


class ImportCountsSerializer(serializers.Serializer):
    """How many rows and products there are, and what becomes of them."""

    rows = serializers.IntegerField(help_text="Of the file.")
    valid = serializers.IntegerField(help_text="Rows that can go in, or have.")
    invalid = serializers.IntegerField(help_text="Rows that are left out.")
    created = serializers.IntegerField(
        help_text="Products that committing it would create; from then on, that it has created."
    )
    updated = serializers.IntegerField(help_text="Products that it changes, likewise.")
    unchanged = serializers.IntegerField(
        help_text="Products that the catalogue has like this already, likewise."
    )


class ProductImportSerializer(serializers.Serializer):
    """A file of products that was sent for review, and then perhaps committed."""

    id = serializers.IntegerField()
    status = serializers.ChoiceField(ProductImport.Status.choices)
    file_name = serializers.CharField(help_text="As its sender calls it.")
    file_hash = serializers.CharField(help_text="What to commit it by.")
    created_at = serializers.DateTimeField()
    committed_at = serializers.DateTimeField(allow_null=True)
    counts = ImportCountsSerializer()


class ImportRowErrorSerializer(serializers.Serializer):
    """What is wrong with a cell."""

    field = serializers.CharField(help_text="Its column; empty where the whole row is meant.")
    code = serializers.CharField()
    message = serializers.CharField(help_text="What is wrong and what to do.")


class ImportRowSerializer(serializers.Serializer):
    """A row of a file, and what becomes of it."""

    line = serializers.IntegerField(help_text="Its first line in the file, from 1.")
    handle = serializers.CharField(help_text="Its product's; empty where it names none.")
    sku = serializers.CharField(allow_null=True)
    action = serializers.ChoiceField(
        ImportRow.Action.choices,
        allow_null=True,
        help_text="What its product asks of the catalogue; null where it is invalid.",
    )
    status = serializers.ChoiceField(ImportRow.Status.choices)
    errors = ImportRowErrorSerializer(many=True)  # type: ignore[assignment]  # taken off the class


class ImportReportQuerySerializer(serializers.Serializer):
    """Which rows of a report to show."""

    status = serializers.ChoiceField(
        ImportRow.Status.choices, required=False, help_text="Only rows of which this becomes."
    )
    after = serializers.IntegerField(
        min_value=0, max_value=2**31 - 1, default=0, help_text="Only rows behind this line."
    )
    page_size = serializers.IntegerField(
        min_value=1, max_value=100, default=100, help_text="How many rows at most."
    )


class ImportReportSerializer(serializers.Serializer):
    """A page of the report on a file's rows."""

    next = serializers.URLField(allow_null=True, help_text="The next page; null on the last one.")
    results = ImportRowSerializer(many=True)
