"""Which variant of an input is which row, and whether all of them fit the product's options.

Nothing here reads or writes: the caller gives the rows, and gets every refusal at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from catalog.models import ProductOption, Variant
from catalog.services.product_data import OptionData, VariantData
from tasks.errors import Rejected


@dataclass(frozen=True, slots=True)
class Fitted:
    """A variant as it shall be.

    Attributes:
        row: the row that it is; None: a new one.
        given: what is said of it.
        options: its value for each of the product's options, in their order.
        name: what its options call it; None: it has a name of its own.
        path: the input's field that describes it; blank where the input does not.
    """

    row: Variant | None
    given: VariantData
    options: dict[str, str]
    name: str | None
    path: str


@dataclass(slots=True)
class Fitting:
    """The product's variants as they shall be, or why they can't be so."""

    variants: list[Fitted] = field(default_factory=list)
    errors: list[Rejected] = field(default_factory=list)


class Renaming:
    """What the values of the present variants are called once the options are changed.

    Args:
        present: the options as they are.
        wanted: the options as they shall be; None: as they are.
    """

    def __init__(self, present: Sequence[ProductOption], wanted: list[OptionData] | None) -> None:
        self.errors: list[Rejected] = []
        self.allowed: dict[str, list[str]] = {}
        # The new name of each present option, and the new names of its values.
        self._names: dict[str, str] = {}
        self._values: dict[str, dict[str, str]] = {}
        values_of = {option.name: option.values for option in present}
        if wanted is None:
            self.allowed = values_of
            self._names = {name: name for name in values_of}
            return
        for index, option in enumerate(wanted):
            self.allowed[option["name"]] = option["values"]
            self._take(option, values_of, f"options.{index}")

    def of(self, options: Mapping[str, str]) -> dict[str, str]:
        """A present variant's options by their new names, without those that are no more."""
        return {
            self._names[name]: self._values.get(name, {}).get(value, value)
            for name, value in options.items()
            if name in self._names
        }

    def _take(self, option: OptionData, present: Mapping[str, list[str]], path: str) -> None:
        old_name = option.get("previous_name") or option["name"]
        renamed = option.get("renamed_values", [])
        if option.get("previous_name") and old_name not in present:
            message = f"The product has no option {old_name}."
            self.errors.append(Rejected("NOT_FOUND", message, field=f"{path}.previousName"))
            return
        if old_name in self._names:
            message = f"Another option was {old_name} already."
            self.errors.append(Rejected("ALREADY_EXISTS", message, field=f"{path}.previousName"))
            return
        if old_name in present:
            self._names[old_name] = option["name"]
        for index, rename in enumerate(renamed):
            at = f"{path}.renamedValues.{index}"
            if rename["old"] not in present.get(old_name, ()):
                message = f"The option has no value {rename['old']}."
                self.errors.append(Rejected("NOT_FOUND", message, field=f"{at}.old"))
            if rename["new"] not in option["values"]:
                message = f"{rename['new']} must be one of the option's values."
                self.errors.append(Rejected("INVALID", message, field=f"{at}.new"))
            self._values.setdefault(old_name, {})[rename["old"]] = rename["new"]


def fit_variants(
    *,
    present_options: Sequence[ProductOption],
    present: Sequence[Variant],
    options: list[OptionData] | None,
    variants: list[VariantData] | None,
) -> Fitting:
    """Find the row of each variant and its options, as they shall be.

    A variant is the row of its ``id``, else the row of its SKU, else the row with its option
    values.

    Args:
        present_options: the product's options as they are, in order.
        present: the product's variants as they are, in order.
        options: the options that are wanted; None: those that are there.
        variants: the variants that are wanted; None: those that are there.

    Returns:
        The variants, in order, and what is wrong: ``NOT_FOUND`` for an ``id`` of no variant of the
        product, ``REQUIRED`` for a new one without a price, ``ALREADY_EXISTS`` for a SKU or
        options that two would have, ``INVALID`` for options that do not fit the product's.
    """
    renaming = Renaming(present_options, options)
    fitting = Fitting(errors=renaming.errors)
    named = {variant.pk: renaming.of(variant.options) for variant in present}
    if variants is None:
        pairs: list[tuple[Variant | None, VariantData, str]] = [(row, {}, "") for row in present]
    else:
        rows = _rows_of(variants, present, named)
        pairs = [
            (row, given, f"variants.{index}")
            for index, (row, given) in enumerate(zip(rows, variants, strict=True))
        ]
    for row, given, path in pairs:
        chosen = given.get("options", named[row.pk] if row else {})
        # In the product's order, whatever the input's was.
        ordered = {name: chosen[name] for name in renaming.allowed if name in chosen}
        name = " / ".join(ordered.values()) if _is_called_by_options(row, present_options) else None
        fitting.variants.append(Fitted(row, given, ordered, name, path))
        if row is None and given.get("id") is not None:
            message = "The product has no such variant."
            fitting.errors.append(Rejected("NOT_FOUND", message, field=f"{path}.id"))
            continue
        if row is None and "price" not in given:
            message = "A new variant needs a price."
            fitting.errors.append(Rejected("REQUIRED", message, field=f"{path}.price"))
        fitting.errors += _misfit(chosen, renaming.allowed, row, path)
    if not fitting.errors:
        fitting.errors += _twice(fitting.variants)
    return fitting


def _rows_of(
    wanted: list[VariantData], present: Sequence[Variant], named: Mapping[int, dict[str, str]]
) -> list[Variant | None]:
    """The row of each wanted variant."""
    by_id = {variant.pk: variant for variant in present}
    rows: list[Variant | None] = [by_id.pop(given.get("id") or 0, None) for given in wanted]
    by_sku = {variant.sku: variant.pk for variant in by_id.values() if variant.sku}
    for index, given in enumerate(wanted):
        if given.get("id") is None and (sku := given.get("sku")) in by_sku:
            rows[index] = by_id.pop(by_sku.pop(sku))
    by_options = {frozenset(named[pk].items()): pk for pk in reversed(by_id)}
    for index, given in enumerate(wanted):
        options = frozenset(given.get("options", {}).items())
        if rows[index] is None and given.get("id") is None and options in by_options:
            rows[index] = by_id.pop(by_options.pop(options))
    return rows


def _is_called_by_options(row: Variant | None, options: Sequence[ProductOption]) -> bool:
    """Whether a variant's name is made of its options, and so follows them."""
    if row is None:
        return True
    values = [row.options[option.name] for option in options if option.name in row.options]
    return row.name in ("", " / ".join(values))


def _misfit(
    chosen: Mapping[str, str], allowed: Mapping[str, list[str]], row: Variant | None, path: str
) -> Iterator[Rejected]:
    """Why a variant's options do not fit the product's."""
    if set(chosen) != set(allowed):
        wanted = f"a value for each of: {', '.join(allowed)}" if allowed else "no options"
        message = f"This variant needs {wanted}."
    elif unknown := [value for name, value in chosen.items() if value not in allowed[name]]:
        message = f"{', '.join(unknown)}: no value of the product's options."
    else:
        return
    if path:
        yield Rejected("INVALID", message, field=f"{path}.options")
    else:
        message = f"{row} does not fit: {message} Rename its values, or give the variants too."
        yield Rejected("REQUIRED", message, field="variants")


def _twice(variants: list[Fitted]) -> Iterator[Rejected]:
    """What two variants would have in common."""
    skus: set[str] = set()
    options: set[tuple[str, ...]] = set()
    for variant in variants:
        values = tuple(variant.options.values())
        sku = variant.given.get("sku", variant.row.sku if variant.row else None)
        if values in options:
            message = f"Another variant is {' / '.join(values) or 'without options'} too."
            field = f"{variant.path}.options" if variant.path else "options"
            yield Rejected("ALREADY_EXISTS", message, field=field)
        elif sku and sku in skus:
            message = f"{sku} is there twice."
            yield Rejected("ALREADY_EXISTS", message, field=f"{variant.path}.sku")
        options.add(values)
        skus.add(sku or "")
