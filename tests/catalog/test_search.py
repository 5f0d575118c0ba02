from __future__ import annotations

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.expressions import search_rank
from catalog.models import Product, SearchWord, Variant
from catalog.services.listings import refresh_search
from tests.catalog.factories import make_product


@pytest.fixture
def shop():
    """A few products that differ in words."""
    for slug, fields in {
        "shirt": {"name": "Ocean Shirt", "vendor": "Northwind", "tags": ["summer"]},
        "jacket": {"name": "Varsity Jacket", "description": "<p>Lined with wool.</p>"},
        "vest": {"name": "Boating Vest", "description": "<b>Bright</b> red", "tags": ["safety"]},
        "accessories": {"name": "Accessories Box", "description": "A jacket's best friend."},
        "cafe": {"name": "Café Crème Mug", "description": "naïve"},
        "tree": {"name": "Ёлка", "vendor": "Маяк"},
    }.items():
        make_product(slug, variants=[{"sku": f"{slug.upper()}-0042"}], **fields)


def found(term: str) -> list[str]:
    """The slugs of what a search finds, best first."""
    ranked = Product.objects.search(term).order_by(search_rank(term).desc(), "pk")
    return list(ranked.values_list("slug", flat=True))


@pytest.mark.usefixtures("shop")
class TestTypos:
    @pytest.mark.parametrize(
        ("term", "slug"),
        [
            ("shrit", "shirt"),
            ("shirtt", "shirt"),
            ("sjirt", "shirt"),
            ("hsirt", "shirt"),
            ("shrits", "shirt"),
            ("jaket", "jacket"),
            ("JAKCET", "jacket"),
            ("boatng", "vest"),
            ("varsty", "jacket"),
            ("acessoires", "accessories"),
            ("nortwhind", "shirt"),
            ("sumer", "shirt"),
            ("brihgt", "vest"),
        ],
    )
    def test_finds_what_was_meant(self, term, slug):
        assert found(term)[0] == slug

    @pytest.mark.parametrize("term", ["xqzvk", "shelf", "qqqq jacket", "zzzzzzzzzzzz"])
    def test_nonsense_finds_nothing(self, term):
        assert found(term) == []

    @pytest.mark.parametrize("term", ["rde", "bix", "0043", "shirt-0043", "jacket1"])
    def test_short_words_and_numbers_are_taken_as_typed(self, term):
        assert found(term) == []

    def test_a_word_that_products_have_is_taken_as_typed(self):
        make_product("skirt", name="Skirt")
        assert found("skirt") == ["skirt"]
        assert found("shirt") == ["shirt"]

    def test_the_nearest_of_several_is_meant(self):
        make_product("shift", name="Shift Dress")
        assert found("shrit") == ["shirt"]

    def test_as_near_ones_are_all_meant(self):
        make_product("skirt", name="Skirt")
        assert found("slirt") == ["shirt", "skirt"]

    def test_each_word_is_corrected_by_itself(self):
        assert found("varsty jaket") == ["jacket"]
        assert found("ocean jaket") == []

    def test_words_of_unpublished_products_lead_nowhere_else(self):
        make_product("skirt", name="Skirt", is_published=False)
        assert "shirt" not in found("skirt")


@pytest.mark.usefixtures("shop")
class TestWhatIsTyped:
    @pytest.mark.parametrize("term", ["o", "oc", "ocea", "ocean shi", "shirt oce"])
    def test_the_last_word_matches_by_its_beginning(self, term):
        assert found(term) == ["shirt"]

    def test_only_the_last_word_does(self):
        assert found("oc shirt") == []

    @pytest.mark.parametrize("term", ["jackets", "jacket", "JACKETED"])
    def test_other_forms_of_a_word_match(self, term):
        assert found(term) == ["jacket", "accessories"]

    def test_quotes_make_a_phrase(self):
        assert found('"varsity jacket"') == ["jacket"]
        assert found('"jacket varsity"') == []
        assert found('"varsty jaket"') == ["jacket"]

    def test_a_minus_excludes(self):
        assert found("jacket -friend") == ["jacket"]
        assert found("jaket -frend") == ["jacket"]
        assert "shirt" not in found("-ocean")

    def test_or_gives_alternatives(self):
        assert sorted(found("shrit or vest")) == ["shirt", "vest"]

    def test_names_count_more_than_descriptions(self):
        assert found("jaket") == ["jacket", "accessories"]

    @pytest.mark.parametrize(
        ("term", "slug"),
        [("café", "cafe"), ("cafe", "cafe"), ("CAFÉ", "cafe"), ("crme", "cafe"), ("naive", "cafe"),
         ("ёлка", "tree"), ("ЁЛК", "tree"), ("ёкла", "tree"), ("маик", "tree")],
    )  # fmt: skip
    def test_accents_and_other_scripts_are_letters(self, term, slug):
        assert found(term) == [slug]

    @pytest.mark.parametrize("term", ["shirt-0042", "SHIRT-0042"])
    def test_skus_are_found(self, term):
        assert found(term) == ["shirt"]

    @pytest.mark.parametrize("term", ["", " ", "the", "-", '"', "or", "!", "\\", "'", ":*", "&|"])
    def test_without_words_nothing_is_found(self, term):
        assert found(term) == []

    # Searches only read, so one shop serves all examples.
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        st.one_of(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
            st.text("shirt'\"\\:*&|!<->() -or%_\t%s{}[]$"),
            st.from_regex(
                r"([\"'-]?(shrit|jaket|a-b|<->|or|\d+|x{4,40})[\"':*]? ?)+", fullmatch=True
            ),
        )
    )
    def test_nothing_that_can_be_typed_is_an_error(self, term):
        with transaction.atomic():
            found(term)

    def test_a_term_of_many_unknown_words_is_answered(self):
        assert found(" ".join(f"wrong{letter}{letter}" for letter in "abcdefghijkl" * 7)) == []
        assert found("abcdefghijklmnopqrstuvwxyzäö" * 30) == []

    def test_costs_one_statement(self, django_assert_num_queries):
        with django_assert_num_queries(1):
            assert found("shrit jaket")  == []  # fmt: skip


class TestVocabulary:
    def words(self):
        return sorted(SearchWord.objects.values_list("word", flat=True))

    def test_holds_words_of_name_vendor_tags_skus_and_description(self):
        make_product(
            "x", name="Teapot", vendor="Acme", tags=["green"], description="<p>Pours well</p>",
            variants=[{"sku": "BOWL-12"}],
        )  # fmt: skip
        assert self.words() == ["acme", "bowl", "green", "pours", "teapot", "well"]

    def test_holds_each_word_once(self):
        product = make_product("x", name="Teapot")
        make_product("y", name="Teapot")
        refresh_search([product.pk])
        assert self.words() == ["teapot"]

    def test_follows_what_products_say(self):
        product = make_product("x", name="Teapot")
        assert found("ketle") == []
        Product.objects.update(name="Kettle")
        refresh_search([product.pk])
        assert found("ketle") == ["x"]
        assert found("taepot") == []

    def test_a_mistake_put_right_is_a_typo_from_then_on(self):
        product = make_product("x", name="Shrit")
        assert found("shrit") == ["x"]
        Product.objects.update(name="Shirt")
        refresh_search([product.pk])
        assert found("shrit") == ["x"]

    def test_gone_products_leave_no_words_to_be_corrected_to(self):
        make_product("shift", name="Shirts")
        Variant.objects.all().delete()
        Product.objects.all().delete()
        make_product("short", name="Shorts")
        assert found("shirt") == ["short"]

    def test_costs_one_statement(self, django_assert_num_queries):
        product = make_product("x", name="Teapot")
        Product.objects.update(name="Kettle")
        with django_assert_num_queries(1):
            assert refresh_search([product.pk]) == 1
        with django_assert_num_queries(1):
            assert refresh_search([product.pk]) == 0


class TestSearchPlan:
    def test_reads_the_index(self):
        make_product("x", name="Teapot")
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE catalog_product")
            cursor.execute("SET LOCAL enable_seqscan = off")
        assert "product_search" in Product.objects.search("taepot").explain()
