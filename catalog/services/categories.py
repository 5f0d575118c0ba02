"""The category tree: a category's path names its ancestors and itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.db import connection, transaction
from django.db.models import CharField, Max, Value
from django.db.models.functions import Concat, Length, Substr

from catalog.models import MAX_PATH, Category, Product
from catalog.serializers import CategoryChangesSerializer
from catalog.services.creation import create_once
from catalog.services.slugs import slug_of, unique_slug
from tasks.errors import Rejected
from tasks.transactions import in_transaction
from users.validation import validated
from users.viewer import Viewer


def create_category(
    *, name: str, slug: str = "", parent: Category | None = None, position: int = 0
) -> Category:
    """Add a category.

    Args:
        name: what people read.
        slug: unique; made of the name where blank.
        parent: the category above; None: a root.
        position: its place among its siblings.

    Raises:
        Rejected: ``ALREADY_EXISTS`` for a slug in use, ``INVALID`` for a name that makes no slug
            or a tree that gets too deep, ``NOT_FOUND`` when the parent is gone.
    """
    slug = slug or slug_of(name)
    with unique_slug("category", slug):
        if parent is not None:
            _lock_tree()
        above = _parent(parent)
        category = Category.objects.create(name=name, slug=slug, parent=above, position=position)
        _set_path(category, above)
    return category


def enter_category(
    *, viewer: Viewer, given: Mapping[str, Any], idempotency_key: str | None = None
) -> int:
    """Add a category that somebody describes.

    Args:
        given: what ``CategoryChangesSerializer`` takes; ``slug`` is made of the name where absent.
        idempotency_key: a repeat with the same key makes no second one.

    Returns:
        Its primary key.

    Raises:
        ValidationError: ``REQUIRED``, ``INVALID``, ``NOT_FOUND`` or ``ALREADY_EXISTS`` on
            ``name``, ``slug``, ``parentSlug`` or ``position``; ``IDEMPOTENCY_CONFLICT``.
    """

    def create() -> int:
        return create_category(**validated(CategoryChangesSerializer(data=given))).pk

    return create_once(
        Category,
        create,
        viewer=viewer,
        operation="categoryCreate",
        key=idempotency_key,
        given=given,
    )


def update_category(
    *,
    category_id: int,
    given: Mapping[str, Any],
    partial: bool = True,
    check: Callable[[], None] | None = None,
) -> None:
    """Change a category; with another parent, all below it move along.

    Args:
        given: what ``CategoryChangesSerializer`` takes; what is absent stays.
        partial: whether nothing is required.
        check: called once nobody else can change the tree; what it raises undoes all.

    Raises:
        ValidationError: ``NOT_FOUND`` on ``id``; ``REQUIRED``, ``INVALID``, ``NOT_FOUND`` or
            ``ALREADY_EXISTS`` on ``name``, ``slug``, ``parentSlug`` or ``position``.
    """

    def update() -> None:
        _lock_tree()
        category = Category.objects.filter(pk=category_id).first()
        if category is None:
            raise Rejected("NOT_FOUND", "There is no such category.", field="id")
        if check is not None:
            check()
        fields = validated(CategoryChangesSerializer(category, data=given, partial=partial))
        if "parent" in fields:
            move_category(category=category, parent=fields.pop("parent"))
        if fields:
            with unique_slug("category", fields.get("slug", category.slug)):
                Category.objects.filter(pk=category.pk).update(**fields)

    in_transaction(update)


def find_or_create_category(*, name: str) -> Category:
    """The category whose slug is that of ``name``; a new root with this name if there is none."""
    slug = slug_of(name)
    category = Category.objects.filter(slug=slug).first()
    if category is None:
        try:
            category = create_category(name=name, slug=slug)
        except Rejected:  # Somebody else just made it.
            category = Category.objects.get(slug=slug)
    return category


def move_category(*, category: Category, parent: Category | None) -> None:
    """Hang a category, with all below it, below another one (None: make it a root).

    Raises:
        Rejected: ``INVALID`` when that would make a circle or a tree that is too deep,
            ``NOT_FOUND`` when either is gone.
    """
    with transaction.atomic():
        _lock_tree()
        moved, above = _fresh(category, field="id"), _parent(parent)
        if above and above.path.startswith(moved.path):
            raise Rejected("INVALID", "A category can't be below itself.", field="parentSlug")
        path = f"{above.path if above else ''}{moved.pk}/"
        below = Category.objects.filter(path__startswith=moved.path)
        longest = below.aggregate(longest=Max(Length("path")))["longest"]
        _check_depth(longest - len(moved.path) + len(path))
        Category.objects.filter(pk=moved.pk).update(parent=above)
        _rebase(moved.path, path)
    category.parent, category.path = above, path


def delete_category(*, category_id: int, check: Callable[[], None] | None = None) -> None:
    """Delete a category; what stands in it and right below it moves up to the category above.

    Without a category above, the categories below become roots and the products stand in none.
    So nothing but the category itself is ever lost, and products stay where customers who looked
    one level higher have found them anyway.

    Args:
        check: called once nobody else can change the tree; what it raises undoes all.

    Raises:
        Rejected: ``NOT_FOUND`` for an unknown category.
    """

    def delete() -> None:
        _lock_tree()
        # Waits for products that are just being put there, and keeps others from it.
        gone = Category.objects.select_for_update().filter(pk=category_id).first()
        if gone is None:
            raise Rejected("NOT_FOUND", "There is no such category.", field="id")
        if check is not None:
            check()
        Category.objects.filter(parent=gone).update(parent=gone.parent_id)
        Product.objects.filter(category=gone).update(category=gone.parent_id)
        _rebase(gone.path, gone.path.removesuffix(f"{gone.pk}/"))
        gone.delete()

    in_transaction(delete)


def _lock_tree() -> None:
    """Let nobody else change the tree until the transaction ends.

    A path names all categories above, so that a change anywhere above matters: locking the rows
    that somebody names would not do. Whoever reads the tree does not wait.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('catalog_category'))")


def _fresh(category: Category, *, field: str) -> Category:
    """The category as it is now, with the tree locked."""
    fresh = Category.objects.filter(pk=category.pk).first()
    if fresh is None:
        raise Rejected("NOT_FOUND", "The category is gone.", field=field)
    return fresh


def _parent(parent: Category | None) -> Category | None:
    return None if parent is None else _fresh(parent, field="parentSlug")


def _rebase(old_path: str, new_path: str) -> None:
    """Give all paths that begin with ``old_path`` another beginning."""
    Category.objects.filter(path__startswith=old_path).update(
        path=Concat(Value(new_path), Substr("path", len(old_path) + 1), output_field=CharField())
    )


def _set_path(category: Category, parent: Category | None) -> None:
    category.path = f"{parent.path if parent else ''}{category.pk}/"
    _check_depth(len(category.path))
    category.save(update_fields=["path"])


def _check_depth(length: int) -> None:
    if length > MAX_PATH:
        raise Rejected("INVALID", "The category tree would get too deep.", field="parentSlug")
