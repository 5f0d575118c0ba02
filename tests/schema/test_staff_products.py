"""Products, as the shop's staff makes, changes and deletes them; over REST likewise."""

from __future__ import annotations

import json
import re
from typing import Any

from catalog.models import Category, Product, StockMovement, Variant
from schema.compiler.ids import encode_id
from tests.schema.shop import (
    SAMPLES,
    SKULL,
    Answer,
    ShopTestCase,
    buy,
    id_of,
    make_user,
    money,
    product_id,
    token_of,
)

CUP: dict[str, Any] = SAMPLES["ProductCreate"]["input"] | {"slug": "cup", "name": "Cup"}
READ_STOCK = "query ($id: ID!) { node(id: $id) { ... on Variant { stock { onHand } } } }"


class ProductTestCase(ShopTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.bearer = token_of(make_user("manager@example.com", role="catalog_manager"))

    def create(self, **given: Any) -> Answer:
        return self.call("ProductCreate", bearer=self.bearer, **CUP | given)

    def update(self, id_: str, **given: Any) -> Answer:
        return self.call("ProductUpdate", bearer=self.bearer, id=id_, **given)

    def delete(self, id_: str) -> Answer:
        return self.call("ProductDelete", bearer=self.bearer, id=id_)


class TestProductCreate(ProductTestCase):
    def test_answers_the_product_with_its_variants(self) -> None:
        answer = self.create()
        cup = Product.objects.get(slug="cup")
        (small,) = cup.variants.all()
        self.same(
            answer.payload,
            {
                "product": {
                    "id": id_of(cup),
                    "slug": "cup",
                    "name": "Cup",
                    "isPublished": True,
                    "variants": [{"id": id_of(small), "sku": "MUG-S", "price": {"amount": "9.90"}}],
                },
                "userErrors": [],
            },
        )
        shown = self.send("ProductPage", slug="cup").data["product"]
        assert shown["description"] == "<p>Holds tea.</p>"
        assert shown["category"]["slug"] == "home"
        assert shown["variants"][0]["selectedOptions"] == [{"name": "Size", "value": "S"}]
        assert shown["variants"][0]["compareAtPrice"] == money("12.00")
        assert shown["media"][0]["url"] == "https://example.com/mug.jpg"
        stock = self.ask(READ_STOCK, {"id": id_of(small)}, bearer=self.bearer).data
        assert stock == {"node": {"stock": {"onHand": 5}}}
        movement = StockMovement.objects.get(variant=small)
        assert (movement.delta, movement.kind) == (5, "RECEIVED")
        found = self.send("Browse", search="tea", filter={"inStock": True}).data["products"]
        assert [edge["node"]["slug"] for edge in found["edges"]] == ["cup"]

    def test_takes_out_what_could_run(self) -> None:
        bad = '<p onclick="x()">Tea<script>alert(1)</script><img src=x onerror=alert(1)></p>'
        self.create(description=bad)
        assert Product.objects.get(slug="cup").description == '<p>Tea<img src="x"></p>'

    def test_happens_once_per_key(self) -> None:
        ids = {self.create(idempotencyKey="k").payload["product"]["id"] for _ in range(2)}
        assert len(ids) == 1
        assert StockMovement.objects.filter(variant__sku="MUG-S").count() == 1
        error = ("input.idempotencyKey", "IDEMPOTENCY_CONFLICT")
        self.rejected(lambda: self.create(idempotencyKey="k", name="Other"), error)
        self.delete(ids.pop())
        error = ("input.idempotencyKey", "NOT_FOUND")
        self.rejected(lambda: self.create(idempotencyKey="k"), error)

    def test_needs_no_more_than_a_name(self) -> None:
        given = dict.fromkeys(CUP.keys() - {"name"})
        product = self.create(**given).payload["product"]
        assert (product["slug"], product["isPublished"], product["variants"]) == ("cup", False, [])


class TestProductUpdate(ProductTestCase):
    def test_changes_what_is_given(self) -> None:
        mug = product_id("mug")
        answer = self.update(mug, name="Big mug", isPublished=False)
        product = {"id": mug, "slug": "mug", "name": "Big mug", "isPublished": False}
        self.same(answer.payload, {"product": product, "userErrors": []})
        assert self.send("ProductPage", slug="mug").data == {"product": None}
        answer = self.update(mug, isPublished=True, categorySlug=None, vendor=None)
        shown = self.send("ProductPage", slug="mug").data["product"]
        assert (shown["name"], shown["category"], shown["vendor"]) == ("Big mug", None, "")
        assert shown["variants"][0]["sku"] == "MUG-1"

    def test_knows_variants_by_id_and_prices_show_at_once_in_lists(self) -> None:
        shirt = Product.objects.get(slug="ocean-blue-shirt")
        small, medium = shirt.variants.order_by("position")
        variants = [{"id": id_of(medium), "price": "1.00"}, {"id": id_of(small), "sku": None}]
        assert self.update(id_of(shirt), variants=variants).payload
        assert list(shirt.variants.order_by("position")) == [medium, small]
        found = self.send("Browse", filter={"price": {"max": "2"}}).data["products"]
        assert [edge["node"]["slug"] for edge in found["edges"]] == ["ocean-blue-shirt"]

    def test_renames_option_values(self) -> None:
        shirt = product_id("ocean-blue-shirt")
        option = {
            "name": "Fit",
            "previousName": "Size",
            "values": ["S", "Medium"],
            "renamedValues": [{"old": "Small", "new": "S"}],
        }
        assert self.update(shirt, options=[option]).payload
        shown = self.send("ProductPage", slug="ocean-blue-shirt").data["product"]
        assert [v["selectedOptions"][0] for v in shown["variants"]] == [
            {"name": "Fit", "value": "S"},
            {"name": "Fit", "value": "Medium"},
        ]

    def test_keeps_variants_that_were_ordered(self) -> None:
        buy(self, quantity=1)
        mug = product_id("mug")
        before = Variant.objects.get(sku="MUG-1")
        answer = self.rejected(lambda: self.update(mug, variants=[]), ("input.variants", "IN_USE"))
        assert "MUG-1" in answer.text
        assert self.update(mug, variants=[{"price": "8.00"}]).payload
        assert Variant.objects.get(sku="MUG-1").pk == before.pk

    def test_of_what_is_not_there_is_refused(self) -> None:
        shirt = Variant.objects.get(sku="OBS-1")
        for id_ in ("garbage", "", id_of(shirt), encode_id("Product", 2**62)):
            self.rejected(lambda id_=id_: self.update(id_, name="x"), ("input.id", "NOT_FOUND"))
            self.rejected(lambda id_=id_: self.delete(id_), ("input.id", "NOT_FOUND"))
        for id_ in ("garbage", product_id("mug"), id_of(shirt), encode_id("Variant", 2**62)):
            self.rejected(
                lambda id_=id_: self.update(product_id("mug"), variants=[{"id": id_}]),
                ("input.variants.0.id", "NOT_FOUND"),
            )


class TestProductDelete(ProductTestCase):
    def test_answers_the_id(self) -> None:
        mug = product_id("mug")
        self.same(self.delete(mug).payload, {"deletedId": mug, "userErrors": []})
        assert not Variant.objects.filter(sku="MUG-1").exists()

    def test_of_what_was_ordered_says_to_unpublish_it(self) -> None:
        buy(self, quantity=1)
        answer = self.rejected(lambda: self.delete(product_id("mug")), ("input.id", "IN_USE"))
        (payload,) = answer.data.values()
        assert "unpublish it instead" in payload["userErrors"][0]["message"]


def variant(**changes: Any) -> dict[str, Any]:
    return {"variants": [CUP["variants"][0] | changes]}


def option(**changes: Any) -> dict[str, Any]:
    return {"options": [CUP["options"][0] | changes]}


LONG_URL = f"https://example.com/{'x' * 2_000}"
SIZE_S = {"name": "Size", "value": "S"}
# A change of a good product, and what is wrong with it: path and code of each.
REFUSED: list[tuple[dict[str, Any], *tuple[tuple[str, str], ...]]] = [
    ({"name": ""}, ("name", "REQUIRED")),
    ({"name": "x" * 251}, ("name", "INVALID")),
    ({"slug": "mug"}, ("slug", "ALREADY_EXISTS")),
    ({"slug": "no spaces"}, ("slug", "INVALID")),
    ({"slug": SKULL}, ("slug", "INVALID")),
    ({"slug": "x" * 251}, ("slug", "INVALID")),
    ({"description": "x" * 200_001}, ("description", "INVALID")),
    ({"vendor": "x" * 201}, ("vendor", "INVALID")),
    ({"tags": ["ok", "", "x" * 101]}, ("tags.1", "REQUIRED"), ("tags.2", "INVALID")),
    ({"categorySlug": "nowhere"}, ("categorySlug", "NOT_FOUND")),
    (option(name=""), ("options.0.name", "REQUIRED")),
    (option(name="x" * 101), ("options.0.name", "INVALID")),
    (option(values=[]), ("options.0.values", "REQUIRED")),
    (option(values=["S", ""]), ("options.0.values.1", "REQUIRED")),
    (option(values=["S", "S"]), ("options.0.values.1", "ALREADY_EXISTS")),
    (option(values=["S", "x" * 201]), ("options.0.values.1", "INVALID")),
    (option(previousName="Format"), ("options.0.previousName", "NOT_FOUND")),
    (
        option(renamedValues=[{"old": "M", "new": "S"}]),
        ("options.0.renamedValues.0.old", "NOT_FOUND"),
    ),
    ({"options": CUP["options"] * 2}, ("options.1.name", "ALREADY_EXISTS")),
    (
        {"options": [{"name": f"O{n}", "values": ["S"]} for n in range(11)]},
        ("options", "INVALID"),
    ),
    (variant(sku="x" * 101), ("variants.0.sku", "INVALID")),
    (variant(sku="MUG-1"), ("variants.0.sku", "ALREADY_EXISTS")),
    (variant(name="x" * 251), ("variants.0.name", "INVALID")),
    (variant(price=None), ("variants.0.price", "REQUIRED")),
    (variant(price="-0.01"), ("variants.0.price", "INVALID")),
    (variant(price="1.999"), ("variants.0.price", "INVALID")),
    (variant(price="1e-20"), ("variants.0.price", "INVALID")),
    (variant(price="99999999999.99"), ("variants.0.price", "INVALID")),
    (variant(price="1e20"), ("variants.0.price", "INVALID")),
    (variant(compareAtPrice="-1"), ("variants.0.compareAtPrice", "INVALID")),
    (variant(compareAtPrice="0.001"), ("variants.0.compareAtPrice", "INVALID")),
    (variant(stock=-1), ("variants.0.stock", "INVALID")),
    (variant(weight=-1), ("variants.0.weight", "INVALID")),
    (variant(id=encode_id("Variant", 1)), ("variants.0.id", "NOT_FOUND")),
    (variant(options=[]), ("variants.0.options", "INVALID")),
    (variant(options=None), ("variants.0.options", "INVALID")),
    (variant(options=[SIZE_S | {"value": "XXL"}]), ("variants.0.options", "INVALID")),
    (variant(options=[SIZE_S | {"name": "Colour"}]), ("variants.0.options", "INVALID")),
    (variant(options=[SIZE_S] * 2), ("variants.0.options.1.name", "ALREADY_EXISTS")),
    (variant(options=[SIZE_S | {"value": ""}]), ("variants.0.options.0.value", "REQUIRED")),
    (variant(options=[SIZE_S | {"name": ""}]), ("variants.0.options.0.name", "REQUIRED")),
    ({"variants": CUP["variants"] * 2}, ("variants.1.sku", "ALREADY_EXISTS")),
    (
        {"variants": [CUP["variants"][0], CUP["variants"][0] | {"sku": None}]},
        ("variants.1.options", "ALREADY_EXISTS"),
    ),
    ({"media": [{"url": "front.jpg"}]}, ("media.0.url", "INVALID")),
    ({"media": [{"url": "javascript:alert(1)"}]}, ("media.0.url", "INVALID")),
    ({"media": [{"url": "ftp://example.com/a.jpg"}]}, ("media.0.url", "INVALID")),
    ({"media": [{"url": LONG_URL}]}, ("media.0.url", "INVALID")),
    ({"media": [{"url": ""}]}, ("media.0.url", "REQUIRED")),
    ({"media": [CUP["media"][0] | {"alt": "x" * 501}]}, ("media.0.alt", "INVALID")),
    ({"media": [CUP["media"][0] | {"position": -1}]}, ("media.0.position", "INVALID")),
    ({"media": [CUP["media"][0] | {"position": 2**31 - 1}]}, ("media.0.position", "INVALID")),
    (
        {
            "name": "",
            "categorySlug": "nowhere",
            "variants": [CUP["variants"][0], {"price": "-1", "stock": -1}],
            "media": [CUP["media"][0], {"url": "x"}],
        },
        ("name", "REQUIRED"),
        ("categorySlug", "NOT_FOUND"),
        ("variants.1.price", "INVALID"),
        ("variants.1.stock", "INVALID"),
        ("media.1.url", "INVALID"),
    ),
    (
        {"slug": "mug", "variants": [CUP["variants"][0] | {"sku": "MUG-1"}]},
        ("slug", "ALREADY_EXISTS"),
        ("variants.0.sku", "ALREADY_EXISTS"),
    ),
]


class TestBadProducts(ProductTestCase):
    def test_are_refused_with_every_mistake_at_its_place(self) -> None:
        for given, *errors in REFUSED:
            with self.subTest(str(given)[:80]):
                answer = self.rejected(
                    lambda given=given: self.create(**given),
                    *((f"input.{field}", code) for field, code in errors),
                )
                assert len(answer.text) < 2_000

    def test_are_refused_alike_as_changes(self) -> None:
        lamp = product_id("lamp")
        for given, *errors in REFUSED:
            with self.subTest(str(given)[:80]):
                self.rejected(
                    # The lamp gets all that the cup has.
                    lambda given=given: self.update(lamp, **CUP | {"slug": "lamp"} | given),
                    *((f"input.{field}", code) for field, code in errors),
                )

    def test_are_refused_alike_over_rest(self) -> None:
        headers = {"Authorization": f"Bearer {self.bearer}"}
        for given, *errors in REFUSED:
            if "id" in (given.get("variants") or [{}])[0]:
                continue  # REST's ids are other ones.
            with self.subTest(str(given)[:80]):
                answer = self.client.post(
                    "/api/products/",
                    json.dumps(snake_case(CUP | given)),
                    content_type="application/json",
                    headers=headers,
                )
                shown = [(e["field"], e["code"]) for e in answer.json()["errors"]]
                assert shown == [(snake_case(field), code) for field, code in errors]

    def test_of_a_wrong_type_are_refused(self) -> None:
        for given in (
            {"name": None},
            {"name": 1},
            {"name": "\0"},
            {"isPublished": "yes"},
            {"tags": [1]},
            {"tags": {"a": 1}},
            {"tags": [None]},
            {"planet": "Earth"},
            option(values=None),
            option(name=None),
            {"options": [{"name": "Size"}]},
            variant(price="NaN"),
            variant(price="Infinity"),
            variant(price="-Infinity"),
            variant(price="much"),
            variant(price=True),
            variant(price="1" * 400),
            variant(price="1e400"),
            variant(price=[]),
            variant(compareAtPrice="NaN"),
            variant(stock="1"),
            variant(stock=1.5),
            variant(stock=2**31),
            variant(weight=1e300),
            variant(sku=1),
            variant(sku="a\0"),
            variant(options=[{"name": "Size"}]),
            variant(options=["S"]),
            variant(id=[]),
            {"media": [{"alt": "x"}]},
            {"media": [{"url": 1}]},
            {"media": ["https://example.com/a.jpg"]},
            {"description": "\ud800"},
        ):
            with self.subTest(str(given)[:80]):
                before = Product.objects.count()
                answer = self.create(**given)
                assert set(answer.codes) == {"BAD_USER_INPUT"}, answer.text
                assert answer.status in (200, 400)
                assert Product.objects.count() == before

    def test_with_too_many_parts_are_refused(self) -> None:
        for given in (
            {"variants": CUP["variants"] * 251},
            {"media": CUP["media"] * 251},
            {"tags": [str(n) for n in range(251)]},
            option(values=[str(n) for n in range(251)]),
        ):
            self.refused(lambda given=given: self.create(**given), "LIMIT_EXCEEDED")


class TestOverRest(ProductTestCase):
    """The same as over GraphQL, by the same services."""

    def setUp(self) -> None:
        super().setUp()
        self.headers = {"Authorization": f"Bearer {self.bearer}"}

    def test_a_part_of_a_part_must_not_be_missing(self) -> None:
        mug = Product.objects.get(slug="mug")
        for body, field in (
            ({"media": [{"alt": "x"}]}, "media.0.url"),
            ({"options": [{"name": "Size"}]}, "options.0.values"),
            ({"variants": [{"sku": "MUG-1", "options": [{"name": "x"}]}]}, None),
        ):
            answer = self.client.patch(
                f"/api/products/{mug.pk}/",
                json.dumps(body),
                content_type="application/json",
                headers=self.headers,
            )
            assert answer.status_code == 400
            (error,) = answer.json()["errors"]
            assert error["code"] == "REQUIRED"
            assert field in (None, error["field"])

    def test_what_was_read_names_the_variants_when_it_is_put_back(self) -> None:
        shirt = Product.objects.get(slug="ocean-blue-shirt")
        address = f"/api/products/{shirt.pk}/"
        body = self.client.get(address, headers=self.headers).json()
        ids = [variant["id"] for variant in body["variants"]]
        for variant_ in body["variants"]:
            variant_["sku"] = f"NEW-{variant_['id']}"
        answer = self.client.put(
            address, json.dumps(body), content_type="application/json", headers=self.headers
        )
        assert answer.status_code == 200, answer.content
        assert [variant["id"] for variant in answer.json()["variants"]] == ids
        # Of a file of ours, too.
        assert shirt.media.exclude(file="").count() == 1

    def test_the_same_key_enters_one_product(self) -> None:
        made = [
            self.client.post(
                "/api/products/",
                json.dumps(snake_case(CUP)),
                content_type="application/json",
                headers=self.headers | {"Idempotency-Key": "k"},
            )
            for _ in range(2)
        ]
        assert [answer.status_code for answer in made] == [201, 201]
        assert made[0].json()["id"] == made[1].json()["id"]
        assert Category.objects.get(slug="home").products.filter(slug="cup").count() == 1


def snake_case(value: Any) -> Any:
    """The same in REST's spelling: paths, and the names of members."""
    if isinstance(value, dict):
        return {snake_case(name): snake_case(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [snake_case(inner) for inner in value]
    if isinstance(value, str) and re.fullmatch(r"[a-z0-9A-Z.]+", value) and value[0].islower():
        return re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", value)
    return value
