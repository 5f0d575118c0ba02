from __future__ import annotations

import pytest

from catalog.models import Category
from catalog.services.categories import (
    create_category,
    delete_category,
    find_or_create_category,
    move_category,
    update_category,
)
from tasks.errors import Rejected
from tests.catalog.factories import run_at_once


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

    def test_refuses_a_parent_that_is_gone(self):
        gone, home = create_category(name="Gone"), create_category(name="Home")
        Category.objects.filter(pk=gone.pk).delete()
        for change in (
            lambda: create_category(name="Leaf", parent=gone),
            lambda: move_category(category=home, parent=gone),
        ):
            with pytest.raises(Rejected) as caught:
                change()
            assert (caught.value.code, caught.value.field) == ("NOT_FOUND", "parentSlug")

    def test_a_slug_is_no_longer_than_its_column(self):
        assert len(create_category(name="\N{ARABIC LIGATURE JALLAJALALOUHOU}" * 200).slug) == 200

    def test_moving_or_deleting_costs_the_same_however_many_are_below(
        self, django_assert_num_queries
    ):
        for children in (1, 30):
            top = create_category(name=f"Top {children}")
            moved = create_category(name=f"Moved {children}", parent=top)
            for number in range(children):
                create_category(name=f"Leaf {children} {number}", parent=moved)
            # Savepoint; lock; category; the longest path; parent; paths; savepoint.
            with django_assert_num_queries(7):
                move_category(category=moved, parent=None)
            # Savepoint; lock; category; children; products; paths; what else points to it (twice);
            # the category; savepoint.
            with django_assert_num_queries(10):
                delete_category(category_id=moved.pk)

    def test_a_rename_keeps_the_place_and_the_paths(self):
        root = create_category(name="Root")
        leaf = create_category(name="Leaf", parent=root)
        update_category(category_id=root.pk, given={"name": "Stem", "slug": "stem"})
        assert below("stem") == ["leaf", "stem"]
        leaf.refresh_from_db()
        assert leaf.path == f"{root.pk}/{leaf.pk}/"


@pytest.mark.concurrency
@pytest.mark.django_db(transaction=True)
class TestManyAtOnce:
    """Whoever is first, the paths say what the parents say, and there is no circle."""

    def check(self):
        parents = {category.pk: category.parent_id for category in Category.objects.all()}
        for category in Category.objects.all():
            line, above = [], category.pk
            while above is not None:
                assert above not in line, "A circle"
                line.insert(0, above)
                above = parents[above]
            assert category.path == "".join(f"{pk}/" for pk in line)

    def test_moving_each_below_the_other_makes_no_circle(self):
        for attempt in range(5):
            a = create_category(name=f"a {attempt}")
            b = create_category(name=f"b {attempt}", parent=a)
            c = create_category(name=f"c {attempt}")
            d = create_category(name=f"d {attempt}", parent=c)

            def move(pair):
                try:
                    move_category(category=pair[0], parent=pair[1])
                except Rejected as error:
                    return error.code
                return "moved"

            # Neither names a category that the other names.
            outcomes = run_at_once(move, [(a, d), (c, b)])
            assert sorted(outcomes) == ["INVALID", "moved"]
        self.check()

    def test_moves_above_and_below_and_new_leaves_agree(self):
        top = [create_category(name=f"Top {n}") for n in range(2)]
        middle = [create_category(name=f"Middle {n}", parent=top[n]) for n in range(2)]
        leaves = [create_category(name=f"Leaf {n}", parent=middle[n]) for n in range(2)]

        def work(number):
            try:
                match number % 4:
                    case 0:
                        move_category(category=middle[0], parent=middle[1])
                    case 1:
                        move_category(category=leaves[0], parent=leaves[1])
                    case 2:
                        create_category(name=f"New {number}", parent=leaves[0])
                    case 3:
                        move_category(category=top[1], parent=top[0])
            except Rejected as error:
                return error.code
            return "done"

        assert set(run_at_once(work, range(12))) <= {"done", "INVALID"}
        self.check()
        assert Category.objects.count() == 9

    def test_one_of_several_with_one_slug_is_made(self):
        def create(_):
            try:
                create_category(name="Home")
            except Rejected as error:
                return (error.code, error.field)
            return "made"

        outcomes = run_at_once(create, range(4))
        assert outcomes.count("made") == 1
        assert set(outcomes) == {"made", ("ALREADY_EXISTS", "slug")}
