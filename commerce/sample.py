"""What a new shop starts with: where it sends, what that costs, taxes and a first voucher.

VAT rates are the countries' standard rates; a real shop looks after its own.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from django.conf import settings
from django.db import transaction

from catalog.money import rounded
from commerce.models import ShippingMethod, ShippingZone, TaxRate, Voucher

VAT_PERCENT = {
    "AT": "20",
    "BE": "21",
    "BG": "20",
    "CY": "19",
    "CZ": "21",
    "DE": "19",
    "DK": "25",
    "EE": "24",
    "ES": "21",
    "FI": "25.5",
    "FR": "20",
    "GB": "20",
    "GR": "24",
    "HR": "25",
    "HU": "27",
    "IE": "23",
    "IT": "22",
    "LT": "21",
    "LU": "17",
    "LV": "21",
    "MT": "18",
    "NL": "21",
    "PL": "23",
    "PT": "23",
    "RO": "21",
    "SE": "25",
    "SI": "22",
    "SK": "23",
}
ZONES = {
    "European Union": sorted(VAT_PERCENT.keys() - {"GB"}),
    "United Kingdom": ["GB", "GG", "IM", "JE"],
    "Rest of the world": ["AU", "BR", "CA", "CH", "IN", "JP", "KR", "MX", "NO", "NZ", "SG", "US"],
}
# Price of the standard and the express method.
PRICES = {
    "European Union": ("4.90", "12.90"),
    "United Kingdom": ("6.90", "16.90"),
    "Rest of the world": ("14.90", "34.90"),
}
WELCOME_CODE = "WELCOME10"


@transaction.atomic
def load_sample_shop() -> None:
    """Create what is missing of the sample; what is there already stays as it is."""
    for name, countries in ZONES.items():
        zone, _ = ShippingZone.objects.get_or_create(name=name, defaults={"countries": countries})
        ShippingMethod.objects.bulk_create(
            [
                ShippingMethod(
                    zone=zone,
                    name=method,
                    price=rounded(Decimal(price), currency=settings.CURRENCY),
                    position=position,
                )
                for position, (method, price) in enumerate(
                    zip(("Standard", "Express"), PRICES[name], strict=True)
                )
            ],
            ignore_conflicts=True,
        )
    TaxRate.objects.bulk_create(
        [
            TaxRate(country=country, rate=Decimal(percent) / 100)
            for country, percent in VAT_PERCENT.items()
        ],
        ignore_conflicts=True,
    )
    if not Voucher.objects.with_codes([WELCOME_CODE]).exists():
        Voucher.objects.create(
            code=WELCOME_CODE,
            kind=Voucher.Kind.PERCENTAGE,
            value=Decimal(10),
            minimum_subtotal=Decimal(20),
            valid_from=datetime(2026, 1, 1, tzinfo=UTC),
        )
