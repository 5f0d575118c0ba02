from __future__ import annotations

import pytest

from catalog.models import Category
from catalog.services.categories import create_category, find_or_create_category, move_category
from tasks.errors import Rejected


def below(slug: str) -> list[str]:
    return sorted(Category.objects.in_subtree_of(slug).values_list("slug", flat=True))


class TestCategories:
    def test_paths_name_the_way_from_the_root(self):
        root = create_category(name="Home")
        child = create_category(name="Tea & coffee", parent=root)
        assert (root.path, child.path) == (f"{root.pk}/", f"{root.pk}/{child.pk}/")
        assert child.slug == "tea-coffee"

    def test_a_prefix_is_not_a_subtree(self):
        Category.objects.create(pk=1, name="a", slug="a", path="1/")
        Category.objects.create(pk=11, name="b", slug="b", path="11/")
        assert below("a") == ["a"]

    def test_moving_takes_all_below_along(self):
        home, garden = create_category(name="Home"), create_category(name="Garden")
        tables = create_category(name="Tables", parent=home)
        create_category(name="Small tables", parent=tables)
        move_category(category=tables, parent=garden)
        assert below("garden") == ["garden", "small-tables", "tables"]
        assert below("home") == ["home"]
        move_category(category=tables, parent=None)
        assert below("tables") == ["small-tables", "tables"]
        assert Category.objects.get(slug="small-tables").path.startswith(f"{tables.pk}/")

    def test_a_category_cannot_be_below_itself(self):
        home = create_category(name="Home")
        tables = create_category(name="Tables", parent=home)
        for parent in (tables, home):
            with pytest.raises(Rejected) as caught:
                move_category(category=home, parent=parent)
            assert caught.value.code == "INVALID"
        assert Category.objects.get(slug="home").parent is None

    def test_refuses_a_slug_in_use(self):
        create_category(name="Home")
        with pytest.raises(Rejected) as caught:
            create_category(name="home")
        assert (caught.value.code, caught.value.field) == ("ALREADY_EXISTS", "slug")

    def test_refuses_a_tree_that_gets_too_deep(self, monkeypatch):
        monkeypatch.setattr("catalog.services.categories.MAX_PATH", 20)
        root = create_category(name="Root")
        Category.objects.filter(pk=root.pk).update(path="1234567890/12345678/")
        with pytest.raises(Rejected, match="too deep"):
            create_category(name="Leaf", parent=root)
        assert Category.objects.get() == root

    def test_finds_by_slug_or_creates(self):
        first = find_or_create_category(name="T-Shirts")
        assert find_or_create_category(name="t shirts") == first
        with pytest.raises(Rejected, match="letters or digits"):
            find_or_create_category(name="!!!")
