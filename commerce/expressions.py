"""Values that are computed from a row's other columns, as expressions for the ORM.

Each is relative to its model, so that one query reads it for one row or for a thousand.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db.models import Case, Exists, Expression, Func, OuterRef, Q, TextField, Value, When
from django.db.models.fields.json import KeyTextTransform

from commerce.models import CartLine, CheckoutRequirement, ShippingMethod
from commerce.states import TRANSITIONS, OrderAction
from users.viewer import Viewer


class PresentTexts(Func):
    """A ``text[]`` of those arguments that are not null, in their order."""

    template = "array_remove(ARRAY[%(expressions)s]::text[], NULL)"
    output_field = ArrayField(TextField())


def _text_where(condition: Q | Exists | Expression, text: str) -> Case:
    return Case(When(condition, then=Value(text)), output_field=TextField())


def available_shipping_method() -> Exists:
    """Whether a cart's shipping method exists for its address, as a condition on ``Cart``."""
    country = KeyTextTransform("country", OuterRef("shipping_address"))
    return Exists(
        ShippingMethod.objects.for_country(country)
        .filter(pk=OuterRef("shipping_method_id"))
        .order_by()
    )


def requirements() -> PresentTexts:
    """What a ``Cart`` still lacks before checkout: names of ``CheckoutRequirement``."""
    lines = CartLine.objects.filter(cart=OuterRef("pk"))
    return PresentTexts(
        _text_where(~Exists(lines), CheckoutRequirement.LINES),
        _text_where(Q(email=""), CheckoutRequirement.EMAIL),
        _text_where(Q(shipping_address__isnull=True), CheckoutRequirement.SHIPPING_ADDRESS),
        _text_where(~available_shipping_method(), CheckoutRequirement.SHIPPING_METHOD),
    )


def _is_customers(viewer: Viewer) -> Q | None:
    """Whether an ``Order`` is the viewer's own or the viewer holds its token; None: it can't be."""
    whose: Q | None = None
    if viewer.is_authenticated:
        whose = Q(user_id=viewer.user_id)
    if viewer.order_token is not None:
        held = Q(token=viewer.order_token)
        whose = held if whose is None else whose | held
    return whose


def shown_token(viewer: Viewer) -> Case:
    """The token of an ``Order`` for its owner and for who holds it; null for all others.

    It opens the order to anybody, to changes too: who may only look at orders must not read it.
    """
    whose = _is_customers(viewer) or Q(pk__in=[])
    return Case(When(whose, then="token"), output_field=TextField())


def allowed_actions(viewer: Viewer) -> PresentTexts:
    """What the viewer may now do with an ``Order``: names of ``OrderAction``."""
    customers = _is_customers(viewer)
    texts = []
    for action in OrderAction:
        transition = TRANSITIONS[action]
        if transition.permission is not None and viewer.may(transition.permission):
            texts.append(_text_where(transition.possible, action))
        elif transition.by_customer and customers is not None:
            texts.append(_text_where(transition.possible & customers, action))
    return PresentTexts(*texts)
