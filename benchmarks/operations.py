"""What is asked of every contender."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "operations"
PRODUCTS = 20_000
CUSTOMERS = 200


@dataclass(frozen=True)
class Operation:
    """One GraphQL operation; its document is ``operations/NAME.graphql``.

    Attributes:
        title: what the table calls it.
        draws: a variable that is another number in each request, with the least and the greatest.
        as_customer: whether each request comes from one of the customers, with a token.
    """

    name: str
    title: str
    draws: tuple[str, int, int] | None = None
    as_customer: bool = False

    def document(self, folder: Path = FOLDER) -> str:
        """The operation's text in ``folder``, on one line."""
        return " ".join((folder / f"{self.name}.graphql").read_text().split())


OPERATIONS = (
    Operation("listing", "Listing: 24 with category, variants, media"),
    Operation("detail", "Detail: one with all its parts", draws=("slug", 1, PRODUCTS)),
    Operation("deep", "Deep: 100 with variants, media, reviews"),
    Operation("lookup", "Look-up: a name by slug", draws=("slug", 1, PRODUCTS)),
    Operation("viewer", "Viewer with ten orders", as_customer=True),
    Operation("search", "Search: the best 24", draws=("term", 100, 899)),
    Operation("facets", "Facets of a category", draws=("category", 9, 48)),
)
