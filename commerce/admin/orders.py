"""Orders: found, read, and acted on by the services."""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.defaultfilters import linebreaksbr
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html

from catalog.money import in_words
from commerce.admin.order_actions import FORMS, OrderActionForm
from commerce.expressions import allowed_actions
from commerce.models import (
    Fulfillment,
    Order,
    OrderEvent,
    OrderLine,
    OrderNote,
    Payment,
    PaymentOperation,
    Return,
)
from commerce.services import confirmations, shipping_notices
from commerce.services.payments import jobs as payment_jobs
from tasks.admin_pages import ReadOnly, ReadOnlyInline, in_one_line
from users.authentication import viewer_of
from users.viewer import Viewer

# Of how many orders the confirmation page has a form.
MAX_ORDERS = 50


class OrderLineInline(ReadOnlyInline):
    model = OrderLine
    fields = (
        "name",
        "sku",
        "quantity",
        "fulfilled",
        "returning",
        "returned",
        "unit_price",
        "total",
    )


class FulfillmentInline(ReadOnlyInline):
    model = Fulfillment
    fields = ("tracking_number", "status", "created_at")


class ReturnInline(ReadOnlyInline):
    model = Return
    fields = ("status", "reason", "answer", "is_restocked", "created_at")


class OrderNoteInline(ReadOnlyInline):
    model = OrderNote
    fields = ("author", "body", "created_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[OrderNote]:
        return super().get_queryset(request).select_related("author")


class PaymentInline(ReadOnlyInline):
    model = Payment
    fields = ("provider", "status", "amount", "authorized", "captured", "refunded", "created_at")
    show_change_link = True


class OrderEventInline(ReadOnlyInline):
    model = OrderEvent
    verbose_name_plural = "history"
    fields = ("sequence", "kind", "message", "created_at")
    ordering = ("sequence",)


@admin.register(Order)
class OrderAdmin(ReadOnly, admin.ModelAdmin):
    change_form_template = "admin/commerce/order/change_form.html"
    list_display = ("reference", "placed_at", "price", "status", "payment_status", "email")
    list_filter = ("status", "payment_status")
    search_fields = ("number__istartswith", "email__istartswith")
    search_help_text = "The beginning of a number or of an e-mail address."
    date_hierarchy = "placed_at"
    ordering = ("-placed_at", "-pk")
    show_full_result_count = False
    fieldsets = (
        (None, {"fields": ("number", "status", "payment_status", "placed_at", "jobs")}),
        ("Customer", {"fields": ("email", "user")}),
        ("Delivery", {"fields": ("shipping_method_name", "sent_to", "billed_to")}),
        (
            "Money",
            {
                "fields": (
                    ("subtotal", "discount", "shipping"),
                    ("tax", "included_tax"),
                    ("price",),
                )
            },
        ),
    )
    readonly_fields = ("jobs", "sent_to", "billed_to", "price")
    inlines = (
        OrderLineInline,
        FulfillmentInline,
        ReturnInline,
        PaymentInline,
        OrderEventInline,
        OrderNoteInline,
    )

    @admin.display(description="number", ordering="number")
    def reference(self, order: Order) -> str:
        return in_one_line(order.number)

    @admin.display(description="total", ordering="total")
    def price(self, order: Order) -> str:
        return in_one_line(in_words(order.total, currency=order.currency))

    @admin.display(description="shipping address")
    def sent_to(self, order: Order) -> str:
        return _lines(order.shipping_address)

    @admin.display(description="billing address")
    def billed_to(self, order: Order) -> str:
        return _lines(order.billing_address)

    @admin.display(description="background jobs")
    def jobs(self, order: Order) -> str:
        """A link to the jobs that send its mails and ask its payments' providers."""
        keys = [confirmations.job_key(order)]
        keys += [shipping_notices.job_key(each) for each in order.fulfillments.all()]
        keys += [payment_jobs.payment_key(each) for each in order.payments.all()]
        keys += [
            payment_jobs.operation_key(each)
            for each in PaymentOperation.objects.filter(payment__order=order)
        ]
        kinds = [
            confirmations.KIND,
            shipping_notices.KIND,
            payment_jobs.ASK,
            payment_jobs.FINISH,
        ]
        query = urlencode({"kind__in": ",".join(kinds), "key__in": ",".join(keys)})
        address = reverse("admin:tasks_job_changelist")
        return format_html('<a href="{}?{}">Mails and payments</a>', address, query)

    # --- Actions -------------------------------------------------------------------------------
    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.action_page)
        return [path("act/<str:action>/", view, name="commerce_order_act"), *super().get_urls()]

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Those that the account's roles allow, whatever the orders' states."""
        viewer = viewer_of(request.user)
        return {
            name: (partial(_ask, name), name, f"{form.title} …")
            for name, form in FORMS.items()
            if form.is_for(viewer)
        }

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """With a button for each action that is possible now."""
        viewer = viewer_of(request.user)
        order = _with_actions(viewer).filter(pk=_key(unquote(object_id))).first()
        buttons = [
            (_address(name, [order.pk]), form.button)
            for name, form in FORMS.items()
            if order is not None and form.is_for(viewer) and form.action in order.allowed
        ]
        context = {"order_actions": buttons, **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)

    def action_page(self, request: HttpRequest, action: str) -> HttpResponse:
        """Ask what an action needs to know about the chosen orders, and do it with each."""
        viewer = viewer_of(request.user)
        form_class = FORMS.get(action)
        if form_class is None:
            raise Http404
        if not form_class.is_for(viewer) or not self.has_view_permission(request):
            raise PermissionDenied
        keys = [key for key in map(_key, request.GET.get("orders", "").split(",")) if key]
        chosen = _with_actions(viewer).filter(pk__in=keys[:MAX_ORDERS])
        orders = list(chosen.prefetch_related("lines", "payments").order_by("-placed_at", "-pk"))
        forms, refused = [], []
        if request.method == "POST":
            sent = [form_class(order, request.POST) for order in orders]
            forms = [form for form in sent if form.was_sent()]
            if not [form for form in forms if not form.is_valid()]:
                forms = [form for form in forms if not self._act(request, form, viewer)]
                if not forms:
                    return HttpResponseRedirect(_way_back(orders))
        else:
            forms = [form_class(each) for each in orders if form_class.action in each.allowed]
            refused = [order for order in orders if form_class.action not in order.allowed]
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": form_class.title,
            "button": form_class.button,
            "forms": forms,
            "refused": refused,
            "way_back": _way_back(orders),
            "media": self.media,
        }
        return render(request, "admin/commerce/order/action.html", context)

    def _act(self, request: HttpRequest, form: OrderActionForm, viewer: Viewer) -> bool:
        """Do it with one order, by the service and in its transaction; say what became of it."""
        try:
            done = form.act(viewer, timezone.now())
        except ValidationError as error:
            form.refuse(error)
            return False
        self.log_change(request, form.order, done)
        self.message_user(request, f"{form.order.number}: {done}", messages.SUCCESS)
        return True


def _ask(
    action: str, model_admin: OrderAdmin, request: HttpRequest, orders: QuerySet[Order]
) -> HttpResponse | None:
    """Lead from the list to the page that asks."""
    keys = list(orders.values_list("pk", flat=True)[: MAX_ORDERS + 1])
    if len(keys) > MAX_ORDERS:
        message = f"Choose at most {MAX_ORDERS} orders at a time."
        model_admin.message_user(request, message, messages.ERROR)
        return None
    return HttpResponseRedirect(_address(action, keys))


def _address(action: str, keys: list[int]) -> str:
    chosen = urlencode({"orders": ",".join(map(str, keys))}, safe=",")
    return f"{reverse('admin:commerce_order_act', args=[action])}?{chosen}"


def _way_back(orders: list[Order]) -> str:
    if len(orders) == 1:
        return reverse("admin:commerce_order_change", args=[orders[0].pk])
    return reverse("admin:commerce_order_changelist")


def _with_actions(viewer: Viewer) -> QuerySet[Any]:
    """Orders, each with the actions that are ``allowed`` now."""
    return Order.objects.visible_to(viewer).annotate(allowed=allowed_actions(viewer))


def _key(text: str) -> int | None:
    """A primary key as it stands in an address; None for what can't be one."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


def _lines(address: dict[str, str] | None) -> str:
    """An address, line by line."""
    names = ("name", "street", "postal_code", "city", "country", "phone")
    lines = [address[name] for name in names if address and address.get(name)]
    return linebreaksbr("\n".join(lines), autoescape=True) or "-"
