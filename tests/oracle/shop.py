"""A shop's rows, read once into memory, and what each viewer may see of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.db import connection

from catalog.expressions import search_rank
from catalog.models import Product
from users.viewer import Viewer

Rows = list[Any]


class Shop:
    """The rows of every table, by model.

    Attributes:
        cursors: the cursor of each row at its place in an order, by the order's name, as
            ``tests.oracle.cursors`` collected them.
    """

    def __init__(self) -> None:
        self.cursors: dict[str, dict[int, str]] = {}
        self._tables: dict[Any, dict[int, Any]] = {}
        self._related: dict[Any, dict[Any, Rows]] = {}
        self._visible: dict[Any, frozenset[int]] = {}
        self._places: dict[Any, dict[Any, int]] = {}

    def rows(self, model: Any) -> Rows:
        """All rows, by primary key."""
        return list(self._table(model).values())

    def get(self, model: Any, pk: int | None) -> Any:
        """The row of a primary key, or None."""
        return self._table(model).get(pk)

    def of(self, model: Any, **owner: Any) -> Rows:
        """The rows with one value in one column, ``of(Variant, product=3)``, by primary key."""
        ((name, value),) = owner.items()
        if (model, name) not in self._related:
            found = self._related[model, name] = defaultdict(list)
            column = model._meta.get_field(name).attname
            for row in self.rows(model):
                found[getattr(row, column)].append(row)
        return list(self._related[model, name].get(value, ()))

    def visible(self, model: Any, viewer: Viewer) -> frozenset[int]:
        """The primary keys of the rows that a viewer may see."""
        kind = (model, viewer.user_id, viewer.permissions, viewer.cart_token, viewer.order_token)
        key = (*kind, *(viewer.job_ids or ()))
        if key not in self._visible:
            rows = model._default_manager.visible_to(viewer)
            self._visible[key] = frozenset(rows.values_list("pk", flat=True))
        return self._visible[key]

    def searched(self, term: str) -> dict[int, int]:
        """The products that match a search, by primary key, each with its place: best first."""
        if ("search", term) not in self._places:
            found = Product.objects.search(term).annotate(rank=search_rank(term))
            keys = found.order_by("-rank", "-pk").values_list("pk", flat=True)
            self._places["search", term] = {pk: place for place, pk in enumerate(keys)}
        return self._places["search", term]

    def collation(self, texts: Iterable[str]) -> dict[str, int]:
        """The place of each text as the database sorts them."""
        given = tuple(sorted(set(texts)))
        if given not in self._places:
            with connection.cursor() as cursor:
                cursor.execute("SELECT t FROM unnest(%s::text[]) t ORDER BY t", [list(given)])
                places = {text: place for place, (text,) in enumerate(cursor.fetchall())}
            self._places[given] = places
        return self._places[given]

    def _table(self, model: Any) -> dict[int, Any]:
        if model not in self._tables:
            self._tables[model] = {row.pk: row for row in model._default_manager.order_by("pk")}
        return self._tables[model]
