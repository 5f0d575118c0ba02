"""What a storefront shows of products, categories and accounts.

Lists are in ``test_browse``, purchases in ``test_purchase``, messages in ``test_messages``.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from catalog.models import Category, Product, Variant
from schema.compiler.ids import encode_id
from tests.schema.shop import (
    LONDON,
    LONG_AGO,
    PASSWORD,
    ShopTestCase,
    buy,
    id_of,
    make_user,
    money,
    product_id,
    token_of,
)
from users.models import RefreshSession, User


class TestProductPage(ShopTestCase):
    def test_answers_everything_of_a_product(self) -> None:
        small, medium = Variant.objects.filter(product__slug="ocean-blue-shirt").order_by("pk")
        self.same(
            self.send("ProductPage", slug="ocean-blue-shirt").data,
            {
                "product": {
                    "id": product_id("ocean-blue-shirt"),
                    "slug": "ocean-blue-shirt",
                    "name": "Ocean Blue Shirt",
                    "description": "<p>Ocean blue.</p>",
                    "vendor": "Partners",
                    "tags": ["men"],
                    "category": {
                        "name": "Shirts",
                        "slug": "shirts",
                        "ancestors": [{"name": "Clothing", "slug": "clothing"}],
                    },
                    "options": [{"name": "Size", "values": ["Small", "Medium"]}],
                    "variants": [
                        {
                            "id": id_of(small),
                            "sku": "OBS-1",
                            "name": "Small",
                            "price": money("50.00"),
                            "compareAtPrice": money("60.00"),
                            "availability": "IN_STOCK",
                            "selectedOptions": [{"name": "Size", "value": "Small"}],
                        },
                        {
                            "id": id_of(medium),
                            "sku": None,
                            "name": "Medium",
                            "price": money("55.50"),
                            "compareAtPrice": None,
                            "availability": "LOW_STOCK",
                            "selectedOptions": [{"name": "Size", "value": "Medium"}],
                        },
                    ],
                    "media": [
                        {"url": "https://example.com/front.jpg", "alt": "Front", "position": 0},
                        {
                            "url": f"{settings.PUBLIC_URL}/media/products/back.jpg",
                            "alt": "Back",
                            "position": 1,
                        },
                    ],
                    "averageRating": 4.5,
                    "reviews": {
                        "totalCount": 2,
                        "edges": [
                            {
                                "node": {
                                    "rating": rating,
                                    "title": "Lovely",
                                    "body": "Fits well.",
                                    "author": author,
                                    "createdAt": f"2026-01-{day:02}T03:04:05+00:00",
                                }
                            }
                            for rating, author, day in ((5, "Grace", 7), (4, "Edgar", 6))
                        ],
                    },
                }
            },
        )

    def test_of_an_unknown_or_hidden_product_is_null(self) -> None:
        for slug in ("no-such-thing", "lamp", "", "OCEAN-BLUE-SHIRT", "\N{SKULL}" * 300):
            self.same(self.send("ProductPage", slug=slug).data, {"product": None})

    def test_tells_since_when_customers_can_find_it(self) -> None:
        Product.objects.filter(slug="mug").update(published_at=LONG_AGO)
        query = """{
          mug: product(slug: "mug") { publishedAt }
          shirt: product(slug: "ocean-blue-shirt") { publishedAt }
        }"""
        shown = {"mug": {"publishedAt": LONG_AGO.isoformat()}, "shirt": {"publishedAt": None}}
        self.same(self.ask(query).data, shown)


class TestCategories(ShopTestCase):
    def test_are_a_tree_with_counts_of_what_can_be_found(self) -> None:
        nodes = {
            name: {
                "id": id_of(Category.objects.get(name=name)),
                "name": name,
                "slug": name.lower(),
                "parent": parent,
                "children": children,
                "productCount": count,
            }
            for name, parent, children, count in (
                ("Clothing", None, [{"name": "Shirts", "slug": "shirts"}], 2),
                ("Home", None, [], 1),
                ("Shirts", {"slug": "clothing"}, [], 2),
            )
        }
        self.same(self.send("Categories").data, {"categories": {"nodes": list(nodes.values())}})


class TestNodeById(ShopTestCase):
    def test_finds_a_row_by_its_id_alone(self) -> None:
        mug = product_id("mug")
        expected = {"node": {"__typename": "Product", "id": mug, "name": "Mug"}}
        self.same(self.send("NodeById", id=mug).data, expected)

    def test_of_what_is_unknown_hidden_or_none_of_ours_is_null(self) -> None:
        hidden = product_id("lamp")
        user = id_of(make_user())
        for global_id in (
            hidden,
            user,
            encode_id("Product", 2**62),
            encode_id("Product", 2**70),
            encode_id("Product", -1),
            encode_id("Product", "1 OR 1=1"),
            encode_id("Job", 1),
            encode_id("Nothing", 1),
            encode_id("Query", 1),
            encode_id("Money", 1),
            "garbage",
            "",
            "\N{SKULL}",
        ):
            self.same(self.send("NodeById", id=global_id).data, {"node": None})


class TestAccount(ShopTestCase):
    ADA = {"email": "ada@example.com", "password": PASSWORD}

    def test_is_made_by_register(self) -> None:
        answer = self.call("Register", **self.ADA, firstName="Ada", lastName="Byron")
        user = User.objects.get(email="ada@example.com")
        self.same(
            answer.data,
            {
                "userRegister": {
                    "user": {
                        "id": id_of(user),
                        "email": "ada@example.com",
                        "firstName": "Ada",
                        "lastName": "Byron",
                    },
                    "userErrors": [],
                }
            },
        )
        assert user.check_password(PASSWORD)
        assert PASSWORD not in answer.text

    def test_is_opened_kept_open_and_closed_by_tokens(self) -> None:
        make_user()
        pair = self.send("Login", **self.ADA).data["tokenAuth"]
        assert list(pair) == ["token", "refreshToken", "payload", "refreshExpiresIn"]
        assert pair["refreshExpiresIn"] > (timezone.now() + timedelta(days=29)).timestamp()
        assert self.viewer(pair["token"]) == "ada@example.com"

        verified = self.send("Verify", token=pair["token"]).data
        self.same(verified, {"verifyToken": {"payload": pair["payload"]}})

        answer = self.send("Refresh", refreshToken=pair["refreshToken"])
        successor = answer.data["refreshToken"]
        assert successor["refreshToken"] != pair["refreshToken"]
        assert self.viewer(successor["token"]) == "ada@example.com"

        revoked = self.send("Logout", refreshToken=successor["refreshToken"]).data
        at = RefreshSession.objects.exclude(revoked_at=None).latest("revoked_at").revoked_at
        assert at is not None
        self.same(revoked, {"revokeToken": {"revoked": int(at.timestamp())}})
        for token in (pair["token"], successor["token"]):
            assert self.send("Messages", bearer=token).errors == [
                {"code": "UNAUTHENTICATED", "reason": "TOKEN_INVALID"}
            ]

    def test_is_shown_whole_to_its_owner(self) -> None:
        user = make_user(first_name="Ada", last_name="Byron")
        self.same(
            self.send("Viewer", bearer=token_of(user)).data,
            {
                "viewer": {
                    "id": id_of(user),
                    "email": "ada@example.com",
                    "firstName": "Ada",
                    "lastName": "Byron",
                    "roles": [],
                    "addresses": [],
                    "cart": None,
                    "orders": {"totalCount": 0, "edges": []},
                    "notifications": {"totalCount": 0, "unreadCount": 0, "edges": []},
                }
            },
        )

    def test_names_its_roles(self) -> None:
        user = make_user(role="support")
        assert self.send("Viewer", bearer=token_of(user)).data["viewer"]["roles"] == ["support"]

    def test_keeps_addresses(self) -> None:
        user = make_user()
        token = token_of(user)
        given = {
            "name": "Ada Byron",
            "street": "1 Analytical Way",
            "city": "London",
            "postalCode": "N1 9GU",
            "country": "gb",
            "phone": "",
            "isDefaultShipping": True,
            "isDefaultBilling": False,
        }
        payload = self.call("AddressCreate", bearer=token, **given).data
        kept = user.addresses.get()
        self.same(payload, {"addressCreate": {"address": {"id": id_of(kept)}, "userErrors": []}})
        (shown,) = self.send("Viewer", bearer=token).data["viewer"]["addresses"]
        self.same(shown, {"id": id_of(kept), **given, "country": "GB"})

    def test_changes_and_forgets_addresses(self) -> None:
        user = make_user()
        token = token_of(user)
        orders_copy = buy(self, bearer=token)["order"]
        self.call("AddressCreate", bearer=token, **LONDON, isDefaultShipping=True)
        kept = id_of(user.addresses.get())
        payload = self.call("AddressUpdate", bearer=token, id=kept, city="Bath", phone=None).data
        self.same(payload, {"addressUpdate": {"address": {"id": kept}, "userErrors": []}})
        (shown,) = self.send("Viewer", bearer=token).data["viewer"]["addresses"]
        assert (shown["city"], shown["isDefaultShipping"]) == ("Bath", True)
        payload = self.call("AddressDelete", bearer=token, id=kept).data
        self.same(payload, {"addressDelete": {"deletedId": kept, "userErrors": []}})
        assert self.send("Viewer", bearer=token).data["viewer"]["addresses"] == []
        order = self.send("OrderByToken", token=orders_copy["token"]).data["order"]
        assert order["shippingAddress"]["city"] == "London"

    def test_says_who_its_owner_is(self) -> None:
        user = make_user(first_name="Ada", last_name="Byron")
        payload = self.call(
            "ProfileUpdate", bearer=token_of(user), firstName="Augusta", lastName=None
        ).data
        shown = {"id": id_of(user), "firstName": "Augusta", "lastName": ""}
        self.same(payload, {"profileUpdate": {"user": shown, "userErrors": []}})

    def viewer(self, token: str) -> str:
        return self.ask("{ viewer { email } }", bearer=token).data["viewer"]["email"]
