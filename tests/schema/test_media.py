"""Pictures over GraphQL: sent as files, shown in the width that is asked for."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from django.conf import settings
from django.test import override_settings

from catalog.models import Media
from nexus.asgi import graphql
from tasks.models import Job
from tests.catalog.pictures import SVG, opened, picture, with_metadata
from tests.schema.multipart import CONTENT_TYPE, PREFLIGHT, upload_of
from tests.schema.shop import (
    CommittedShopTestCase,
    ShopTestCase,
    id_of,
    make_user,
    own_media,
    product_id,
    run_jobs,
    token_of,
)
from tests.schema.test_asgi import reply

UPLOAD = """mutation ($input: MediaUploadInput!) {
  mediaUpload(input: $input) {
    media { id url small: url(width: 150) alt position } userErrors { field code message }
  }
}"""
UPDATE = """mutation ($input: MediaUpdateInput!) {
  mediaUpdate(input: $input) { media { alt position } userErrors { field code message } }
}"""
DELETE = """mutation ($input: MediaDeleteInput!) {
  mediaDelete(input: $input) { deletedId userErrors { field code message } }
}"""
SHOWN = """query ($slug: String!, $width: Int) {
  product(slug: $slug) { media { url large: url(width: 300) wanted: url(width: $width) } }
}"""


class Uploads:
    upload: Any

    def setUp(self) -> None:
        super().setUp()  # type: ignore[misc]
        self.folder: Path = self.enterContext(own_media())  # type: ignore[attr-defined]
        self.manager = token_of(make_user("boss@example.com", role="catalog_manager"))

    def add(self, content: bytes | None = None, **given: Any) -> Any:
        variables = {"input": {"productId": product_id("mug"), "file": None} | given}
        return self.upload(
            UPLOAD,
            variables,
            bearer=self.manager,
            places={"0": ["variables.input.file"]},
            **{"0": picture(size=(400, 200)) if content is None else content},
        )

    def address(self, name: str) -> str:
        return f"{settings.PUBLIC_URL}/media/{name}"


@override_settings(THUMBNAIL_WIDTHS=[160, 320])
class TestMedia(Uploads, CommittedShopTestCase):
    def test_is_shown_at_once_and_smaller_once_that_was_made(self) -> None:
        media = self.add(with_metadata(), alt="A mug").payload["media"]
        row = Media.objects.get(product__slug="mug")
        url = self.address(row.file.name)
        assert media == {"id": id_of(row), "url": url, "small": url, "alt": "A mug", "position": 0}
        Media.objects.all().delete()
        self.add()
        (row,) = Media.objects.all()
        url = self.address(row.file.name)
        shown = self.ask(SHOWN, {"slug": "mug", "width": 100}).data["product"]["media"]
        assert shown == [{"url": url, "large": url, "wanted": url}]
        run_jobs()
        assert set(Job.objects.values_list("status", flat=True)) == {"SUCCEEDED"}
        stem = url.removesuffix(".jpg")
        small, large = f"{stem}-160.webp", f"{stem}-320.webp"
        for width, wanted in (
            (100, small),
            (160, small),
            (161, large),
            (320, large),
            (321, url),
            (0, small),
            (-5, small),
            (None, url),
        ):
            shown = self.ask(SHOWN, {"slug": "mug", "width": width}).data["product"]["media"]
            assert shown == [{"url": url, "large": large, "wanted": wanted}]
        for address in (url, small, large):
            path = self.folder / address.removeprefix(self.address(""))
            assert opened(path.read_bytes()).width in (400, 160, 320)

    def test_is_deleted_with_its_files(self) -> None:
        media = self.add().payload["media"]
        run_jobs()
        assert len(list(self.folder.rglob("*.*"))) == 3
        gone = self.ask(DELETE, {"input": {"id": media["id"]}}, bearer=self.manager).payload
        assert gone == {"deletedId": media["id"], "userErrors": []}
        run_jobs()
        assert list(self.folder.rglob("*.*")) == []

    def test_arrives_through_the_asgi_endpoint(self) -> None:
        variables = {"input": {"productId": product_id("mug"), "file": None}}
        places = {"0": ["variables.input.file"]}
        content = picture("PNG", (900, 700))
        body = upload_of(UPLOAD, variables, places, **{"0": content})
        headers = {"host": "localhost", "content-type": CONTENT_TYPE, "authorization": ""}
        headers |= {name.lower(): value for name, value in PREFLIGHT.items()}
        pieces = [body[start : start + 1_000] for start in range(0, len(body), 1_000)]
        assert reply(graphql, pieces, headers=headers).code == "UNAUTHENTICATED"
        headers["authorization"] = f"Bearer {self.manager}"
        self.addCleanup(lambda: asyncio.run(graphql.close()))
        assert b'"userErrors":[]' in reply(graphql, pieces, headers=headers).body.replace(b" ", b"")
        assert Media.objects.get(product__slug="mug").file.name.endswith(".png")


class TestBadMedia(Uploads, ShopTestCase):
    def test_is_refused_with_what_to_mend(self) -> None:
        for content, given, error in (
            (SVG, {}, ("input.file", "INVALID")),
            (b"", {}, ("input.file", "INVALID")),
            (picture()[:300], {}, ("input.file", "INVALID")),
            (None, {"alt": "x" * 501}, ("input.alt", "INVALID")),
            (None, {"position": -1}, ("input.position", "INVALID")),
            (None, {"productId": "nonsense"}, ("input.productId", "NOT_FOUND")),
            (None, {"productId": id_of(Media.objects.first())}, ("input.productId", "NOT_FOUND")),
        ):
            with self.subTest(error):
                self.rejected(
                    lambda content=content, given=given: self.add(content, **given), error
                )
        assert list(self.folder.rglob("*.*")) == []

    def test_is_refused_without_a_file(self) -> None:
        for file in (None, "x", 7, {}, []):
            given = {"productId": product_id("mug"), "file": file}
            self.refused(
                lambda given=given: self.ask(UPLOAD, {"input": given}, bearer=self.manager),
                "BAD_USER_INPUT",
            )
        literal = 'mutation { mediaUpload(input: {productId: "x", file: "x"}) { media { id } } }'
        self.refused(lambda: self.ask(literal, bearer=self.manager), "GRAPHQL_VALIDATION_FAILED")

    def test_changes_are_refused_with_what_to_mend(self) -> None:
        media = id_of(Media.objects.first())
        for given, error in (
            ({"id": "nonsense"}, ("input.id", "NOT_FOUND")),
            ({"id": product_id("mug"), "alt": "x"}, ("input.id", "NOT_FOUND")),
            ({"id": media, "alt": "x" * 501}, ("input.alt", "INVALID")),
            ({"id": media, "position": -1}, ("input.position", "INVALID")),
        ):
            self.rejected(
                lambda given=given: self.ask(UPDATE, {"input": given}, bearer=self.manager), error
            )
        self.rejected(
            lambda: self.ask(DELETE, {"input": {"id": "x"}}, bearer=self.manager),
            ("input.id", "NOT_FOUND"),
        )

    def test_that_is_good_can_be_changed(self) -> None:
        given = {"id": id_of(Media.objects.get(alt="Back")), "alt": "Rear", "position": 0}
        answer = self.ask(UPDATE, {"input": given}, bearer=self.manager)
        assert answer.payload["media"] == {"alt": "Rear", "position": 0}
        assert list(Media.objects.order_by("position").values_list("alt", flat=True)) == [
            "Rear",
            "Front",
        ]

    def test_is_found_by_its_id_where_its_product_is(self) -> None:
        media = id_of(Media.objects.get(alt="Front"))
        query = "query ($id: ID!) { node(id: $id) { ... on Media { url(width: 9) alt } } }"
        shown = self.ask(query, {"id": media}).data["node"]
        assert shown == {"url": "https://example.com/front.jpg", "alt": "Front"}
        Media.objects.get(alt="Front").product.__class__.objects.update(is_published=False)
        assert self.ask(query, {"id": media}).data == {"node": None}
