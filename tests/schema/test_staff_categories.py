"""Categories and collections, as the shop's staff makes and changes them."""

from __future__ import annotations

from typing import Any

from catalog.models import Category, Collection, Product
from catalog.services.categories import create_category
from schema.compiler.ids import encode_id
from tests.schema.shop import SKULL, Answer, ShopTestCase, id_of, make_user, product_id, token_of

UPDATE_CATEGORY = """mutation ($input: CategoryUpdateInput!) {
  categoryUpdate(input: $input) {
    category { name slug parent { slug } ancestors { slug } }
    userErrors { field code message }
  }
}"""
DELETE_CATEGORY = """mutation ($input: CategoryDeleteInput!) {
  categoryDelete(input: $input) { deletedId userErrors { field code message } }
}"""
UPDATE_COLLECTION = """mutation ($input: CollectionUpdateInput!) {
  collectionUpdate(input: $input) {
    collection { name slug products(sort: NAME_ASC) { totalCount nodes { slug } } }
    userErrors { field code message }
  }
}"""
DELETE_COLLECTION = """mutation ($input: CollectionDeleteInput!) {
  collectionDelete(input: $input) { deletedId userErrors { field code message } }
}"""
LONG = "x" * 201


class ManagerTestCase(ShopTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.bearer = token_of(make_user("manager@example.com", role="catalog_manager"))

    def change(self, document: str, **given: Any) -> Answer:
        return self.ask(document, {"input": given}, bearer=self.bearer)


class TestCategoryCreate(ManagerTestCase):
    def create(self, **given: Any) -> Answer:
        return self.call("CategoryCreate", bearer=self.bearer, **given)

    def test_answers_the_category(self) -> None:
        answer = self.create(name="Garden", slug="garden", parentSlug=None)
        garden = Category.objects.get(slug="garden")
        self.same(
            answer.payload,
            {"category": {"id": id_of(garden), "slug": "garden"}, "userErrors": []},
        )
        assert self.create(name="Tea Tables", parentSlug="garden").payload["category"]["slug"] == (
            "tea-tables"
        )
        assert Category.objects.get(slug="tea-tables").parent == garden

    def test_happens_once_per_key(self) -> None:
        ids = {
            self.create(name="Garden", idempotencyKey="k").payload["category"]["id"]
            for _ in range(2)
        }
        assert len(ids) == 1
        error = ("input.idempotencyKey", "IDEMPOTENCY_CONFLICT")
        self.rejected(lambda: self.create(name="Other", idempotencyKey="k"), error)

    def test_refuses_what_can_not_be(self) -> None:
        for given, *errors in (
            ({"slug": "home"}, ("slug", "ALREADY_EXISTS")),
            ({"name": "Home"}, ("slug", "ALREADY_EXISTS")),
            ({"name": ""}, ("name", "REQUIRED")),
            ({"name": " "}, ("name", "REQUIRED")),
            ({"name": LONG}, ("name", "INVALID")),
            ({"name": "!!!"}, ("name", "INVALID")),
            ({"slug": "no spaces"}, ("slug", "INVALID")),
            ({"slug": SKULL}, ("slug", "INVALID")),
            ({"slug": LONG}, ("slug", "INVALID")),
            ({"slug": ""}, ("slug", "REQUIRED")),
            ({"parentSlug": "nowhere"}, ("parentSlug", "NOT_FOUND")),
            ({"position": -1}, ("position", "INVALID")),
            (
                {"name": "", "slug": "home", "parentSlug": "nowhere", "position": -1},
                ("name", "REQUIRED"),
                ("slug", "ALREADY_EXISTS"),
                ("parentSlug", "NOT_FOUND"),
                ("position", "INVALID"),
            ),
        ):
            with self.subTest(str(given)[:80]):
                self.rejected(
                    lambda given=given: self.create(**{"name": "Garden"} | given),
                    *((f"input.{field}", code) for field, code in errors),
                )


class TestCategoryUpdate(ManagerTestCase):
    def test_moves_it_with_all_below_it(self) -> None:
        shirts, home = (Category.objects.get(slug=slug) for slug in ("shirts", "home"))
        wool = create_category(name="Wool", parent=shirts)
        answer = self.change(UPDATE_CATEGORY, id=id_of(shirts), parentSlug="home", name="Tops")
        self.same(
            answer.payload["category"],
            {
                "name": "Tops",
                "slug": "shirts",
                "parent": {"slug": "home"},
                "ancestors": [{"slug": "home"}],
            },
        )
        wool.refresh_from_db()
        assert wool.path == f"{home.pk}/{shirts.pk}/{wool.pk}/"
        found = self.send("Browse", filter={"category": "home", "includeDescendants": True})
        assert found.data["products"]["totalCount"] == 3
        answer = self.change(UPDATE_CATEGORY, id=id_of(shirts), parentSlug=None)
        assert answer.payload["category"]["parent"] is None

    def test_leaves_what_is_absent(self) -> None:
        shirts = Category.objects.get(slug="shirts")
        answer = self.change(UPDATE_CATEGORY, id=id_of(shirts), slug="tops")
        category = answer.payload["category"]
        assert (category["name"], category["slug"], category["parent"]) == (
            "Shirts",
            "tops",
            {"slug": "clothing"},
        )

    def test_refuses_what_can_not_be(self) -> None:
        clothing = id_of(Category.objects.get(slug="clothing"))
        for given, field, code in (
            ({"parentSlug": "shirts"}, "parentSlug", "INVALID"),
            ({"parentSlug": "clothing"}, "parentSlug", "INVALID"),
            ({"parentSlug": "nowhere"}, "parentSlug", "NOT_FOUND"),
            ({"slug": "home"}, "slug", "ALREADY_EXISTS"),
            ({"slug": None}, "slug", "REQUIRED"),
            ({"name": None}, "name", "REQUIRED"),
            ({"name": LONG}, "name", "INVALID"),
            ({"id": product_id("mug")}, "id", "NOT_FOUND"),
            ({"id": encode_id("Category", 2**62)}, "id", "NOT_FOUND"),
            ({"id": "garbage"}, "id", "NOT_FOUND"),
        ):
            with self.subTest(str(given)[:80]):
                self.rejected(
                    lambda given=given: self.change(UPDATE_CATEGORY, **{"id": clothing} | given),
                    (f"input.{field}", code),
                )


class TestCategoryDelete(ManagerTestCase):
    def test_moves_what_stood_in_it_up(self) -> None:
        clothing, shirts = (Category.objects.get(slug=slug) for slug in ("clothing", "shirts"))
        wool = create_category(name="Wool", parent=shirts)
        answer = self.change(DELETE_CATEGORY, id=id_of(shirts))
        self.same(answer.payload, {"deletedId": id_of(shirts), "userErrors": []})
        assert Product.objects.filter(category=clothing).count() == 2
        wool.refresh_from_db()
        assert (wool.parent, wool.path) == (clothing, f"{clothing.pk}/{wool.pk}/")
        self.rejected(
            lambda: self.change(DELETE_CATEGORY, id=id_of(shirts)), ("input.id", "NOT_FOUND")
        )

    def test_of_a_root_leaves_roots_and_products_without_a_category(self) -> None:
        clothing = Category.objects.get(slug="clothing")
        Product.objects.filter(slug="mug").update(category=clothing)
        self.change(DELETE_CATEGORY, id=id_of(clothing))
        shirts = Category.objects.get(slug="shirts")
        assert (shirts.parent, shirts.path) == (None, f"{shirts.pk}/")
        assert Product.objects.get(slug="mug").category is None


class TestCollectionCreate(ManagerTestCase):
    def create(self, **given: Any) -> Answer:
        return self.call("CollectionCreate", bearer=self.bearer, **given)

    def test_answers_the_collection_and_its_products(self) -> None:
        answer = self.create(name="Winter", slug="winter", productSlugs=["mug", "lamp", "mug"])
        winter = Collection.objects.get(slug="winter")
        self.same(
            answer.payload,
            {
                "collection": {
                    "id": id_of(winter),
                    "slug": "winter",
                    "name": "Winter",
                    "products": {"totalCount": 2, "nodes": [{"slug": "lamp"}, {"slug": "mug"}]},
                },
                "userErrors": [],
            },
        )

    def test_makes_a_slug_of_the_name(self) -> None:
        assert self.create(name="Tea & Coffee").payload["collection"]["slug"] == "tea-coffee"
        self.rejected(lambda: self.create(name="tea coffee"), ("input.slug", "ALREADY_EXISTS"))

    def test_happens_once_per_key(self) -> None:
        for _ in range(2):
            self.create(name="Winter", productSlugs=["mug"], idempotencyKey="k")
        assert Collection.objects.filter(slug="winter").count() == 1
        error = ("input.idempotencyKey", "IDEMPOTENCY_CONFLICT")
        self.rejected(lambda: self.create(name="Winter", idempotencyKey="k"), error)

    def test_refuses_what_can_not_be(self) -> None:
        for given, *errors in (
            ({"slug": "summer"}, ("slug", "ALREADY_EXISTS")),
            ({"name": ""}, ("name", "REQUIRED")),
            ({"name": LONG}, ("name", "INVALID")),
            ({"name": "!!!"}, ("name", "INVALID")),
            (
                {"name": "", "slug": "no spaces", "productSlugs": [""]},
                ("name", "REQUIRED"),
                ("slug", "INVALID"),
                ("productSlugs.0", "REQUIRED"),
            ),
            (
                {"productSlugs": ["nothing", "mug", SKULL * 200]},
                ("productSlugs.0", "NOT_FOUND"),
                ("productSlugs.2", "NOT_FOUND"),
            ),
            ({"productSlugs": ["x" * 251]}, ("productSlugs.0", "INVALID")),
        ):
            with self.subTest(str(given)[:80]):
                self.rejected(
                    lambda given=given: self.create(**{"name": "Winter"} | given),
                    *((f"input.{field}", code) for field, code in errors),
                )
        too_many = [f"p-{number}" for number in range(251)]
        self.refused(lambda: self.create(name="Winter", productSlugs=too_many), "LIMIT_EXCEEDED")


class TestCollectionUpdate(ManagerTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.summer = id_of(Collection.objects.get(slug="summer"))

    def products_after(self, **given: Any) -> list[str]:
        answer = self.change(UPDATE_COLLECTION, id=self.summer, **given)
        return [node["slug"] for node in answer.payload["collection"]["products"]["nodes"]]

    def test_replaces_adds_and_removes_products(self) -> None:
        assert self.products_after(name="Sun") == ["ocean-blue-shirt"]
        assert self.products_after(addProductSlugs=["mug"]) == ["mug", "ocean-blue-shirt"]
        assert self.products_after(removeProductSlugs=["mug", "lamp"]) == ["ocean-blue-shirt"]
        assert self.products_after(productSlugs=["lamp", "mug"], removeProductSlugs=["lamp"]) == [
            "mug"
        ]
        assert self.products_after(productSlugs=None) == []
        assert Collection.objects.get().name == "Sun"

    def test_refuses_what_can_not_be(self) -> None:
        Collection.objects.create(name="Winter", slug="winter")
        for given, field, code in (
            ({"slug": "winter"}, "slug", "ALREADY_EXISTS"),
            ({"name": None}, "name", "REQUIRED"),
            ({"productSlugs": ["x"]}, "productSlugs.0", "NOT_FOUND"),
            ({"addProductSlugs": ["mug", "x"]}, "addProductSlugs.1", "NOT_FOUND"),
            ({"removeProductSlugs": ["x"]}, "removeProductSlugs.0", "NOT_FOUND"),
            ({"id": product_id("mug")}, "id", "NOT_FOUND"),
            ({"id": ""}, "id", "NOT_FOUND"),
        ):
            with self.subTest(str(given)[:80]):
                self.rejected(
                    lambda given=given: self.change(
                        UPDATE_COLLECTION, **{"id": self.summer} | given
                    ),
                    (f"input.{field}", code),
                )

    def test_delete_leaves_the_products(self) -> None:
        answer = self.change(DELETE_COLLECTION, id=self.summer)
        self.same(answer.payload, {"deletedId": self.summer, "userErrors": []})
        assert Product.objects.filter(slug="ocean-blue-shirt").exists()
        self.rejected(
            lambda: self.change(DELETE_COLLECTION, id=self.summer), ("input.id", "NOT_FOUND")
        )


class TestReading(ManagerTestCase):
    QUERY = """query ($first: Int, $after: String, $sort: ProductSort) {
      collection(slug: "summer") {
        name
        products(first: $first, after: $after, sort: $sort) {
          totalCount nodes { slug } pageInfo { hasNextPage endCursor }
        }
      }
      collections { totalCount nodes { slug } }
      unknown: collection(slug: "nothing") { name }
    }"""

    def test_hides_what_is_not_published_and_pages(self) -> None:
        summer = Collection.objects.get()
        summer.products.set(Product.objects.all())
        variables: dict[str, Any] = {"first": 2, "sort": "PRICE_ASC"}
        answer = self.ask(self.QUERY, variables).data
        assert answer["unknown"] is None
        assert answer["collections"] == {"totalCount": 1, "nodes": [{"slug": "summer"}]}
        products = answer["collection"]["products"]
        assert products["totalCount"] == 3
        assert [node["slug"] for node in products["nodes"]] == ["mug", "ocean-blue-shirt"]
        variables["after"] = products["pageInfo"]["endCursor"]
        products = self.ask(self.QUERY, variables).data["collection"]["products"]
        assert [node["slug"] for node in products["nodes"]] == ["wool-shirt"]
        staff = self.ask(self.QUERY, {"first": 9}, bearer=self.bearer).data
        assert staff["collection"]["products"]["nodes"][0] == {"slug": "lamp"}
