"""What staff do with orders in the admin, and what they are asked first."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext

from commerce.admin.order_actions import FORMS
from commerce.admin.orders import MAX_ORDERS
from commerce.models import Fulfillment, Order, OrderEvent, Payment, PaymentOperation
from commerce.services.orders import cancel_order
from tests.commerce.factories import NOON, buy, make_ready_cart, make_variant
from tests.commerce.tills import AUTHORIZED, CAPTURED, DONE, REFUSED, shown
from tests.invariants import broken_invariants
from tests.rows import make_rows
from users.models import User
from users.viewer import ANONYMOUS

LIST = "/admin/commerce/order/"


@pytest.fixture(autouse=True)
def _books_agree(db):
    yield
    assert broken_invariants() == []


@pytest.fixture
def staff(client):
    client.force_login(User.objects.create_superuser("staff@example.com", "pass"))
    return client


@pytest.fixture
def order(standard):
    """Two mugs and a hat, to be paid by hand: 42.00."""
    make_variant("mug-1")
    make_variant("hat-1")
    return buy(make_ready_cart(method=standard, mug_1=2, hat_1=1)).order


@pytest.fixture
def paid(standard, bank):
    """A mug, for which the bank has taken 18.00."""
    make_variant("mug-1")
    bank.answers = [CAPTURED]
    return buy(make_ready_cart(method=standard, mug_1=1), provider="bank").order


def page_of(action, *orders):
    return f"{LIST}act/{action}/?orders={','.join(str(order.pk) for order in orders)}"


def sent(page, **changes):
    """What a browser sends of a page's forms, but for the changes in each of them."""
    data = {}
    for form in page.context["forms"]:
        for field in form:
            value = changes.get(field.name, field.value())
            data[field.html_name] = "" if value is None else str(value)
    return data


def words(response):
    return " ".join(str(message) for message in response.context["messages"])


class TestTheWayThere:
    def choose(self, client, action, *orders, **data):
        keys = [order.pk for order in orders]
        return client.post(LIST, {"action": action, "_selected_action": keys, **data})

    def test_leads_from_the_list_over_a_page_that_asks(self, staff, order):
        response = self.choose(staff, "cancel", order)
        assert (response.status_code, response.url) == (302, page_of("cancel", order))
        page = staff.get(response.url)
        assert order.number in page.text
        assert "Its 3 items and its vouchers can be used by others again." in page.text
        assert shown(order) == ("CONFIRMED", "PENDING")

    def test_leads_from_the_orders_page_to_what_is_possible(self, staff, order):
        def buttons():
            page = staff.get(f"{LIST}{order.pk}/change/").text
            return re.findall(r"/act/(\w+)/", page)

        assert buttons() == ["fulfill", "capture", "cancel"]
        cancel_order(viewer=ANONYMOUS, token=order.token, now=NOON)
        assert buttons() == []

    def test_is_not_for_thousands_of_orders(self, staff):
        make_rows(Order, MAX_ORDERS + 1)
        response = self.choose(staff, "cancel", *Order.objects.all())
        page = staff.get(response.url)
        assert f"Choose at most {MAX_ORDERS} orders" in words(page)
        Order.objects.all().delete()

    def test_leaves_out_what_is_not_possible_and_says_why(self, staff, standard, order):
        other = buy(make_ready_cart(method=standard, mug_1=1), key="key-2").order
        cancel_order(viewer=ANONYMOUS, token=other.token, now=NOON)
        page = staff.get(page_of("fulfill", order, other))
        assert [form.order for form in page.context["forms"]] == [order]
        assert page.context["refused"] == [other]
        text = " ".join(re.sub("<[^>]+>", "", page.text).split())
        assert f"{other.number} is Cancelled, its payment Pending" in text

    @pytest.mark.parametrize("orders", ["", "x", "99999999999999999999", "123456"])
    def test_leads_nowhere_without_an_order(self, staff, orders):
        page = staff.get(f"{LIST}act/cancel/", {"orders": orders})
        assert page.status_code == 200
        assert "There is nothing to do" in page.text
        assert staff.get(f"{LIST}act/explode/", {"orders": "1"}).status_code == 404

    def test_costs_as_many_queries_for_many_orders_as_for_one(self, staff, order):
        def statements(*orders):
            with CaptureQueriesContext(connection) as queries:
                assert len(staff.get(page_of("cancel", *orders)).context["forms"]) == len(orders)
            return len(queries)

        make_rows(Order, 20, status="CONFIRMED")
        assert statements(order) == statements(*Order.objects.all())
        Order.objects.exclude(pk=order.pk).delete()


class TestPermissions:
    def test_are_those_of_the_table_of_states(self, client, order):
        """Who may look at orders and no more, does no more."""
        user = User.objects.create_user("support@example.com", "pass", is_staff=True)
        user.groups.add(Group.objects.get(name="support"))
        client.force_login(user)
        page = client.get(LIST)
        assert order.number in page.text
        assert 'name="action"' not in page.text
        assert "/act/" not in client.get(f"{LIST}{order.pk}/change/").text
        for action in FORMS:
            assert client.get(page_of(action, order)).status_code == 403
            data = {f"{order.pk}-key": "k", f"{order.pk}-amount": "1"}
            assert client.post(page_of(action, order), data).status_code == 403
            client.post(LIST, {"action": action, "_selected_action": [order.pk]})
        assert shown(order) == ("CONFIRMED", "PENDING")

    def test_let_an_order_manager_do_all(self, client, order):
        user = User.objects.create_user("manager@example.com", "pass", is_staff=True)
        user.groups.add(Group.objects.get(name="order_manager"))
        client.force_login(user)
        for action in FORMS:
            assert client.get(page_of(action, order)).status_code == 200


class TestCancelling:
    def test_gives_the_reason_and_is_logged(self, staff, order):
        address = page_of("cancel", order)
        response = staff.post(address, sent(staff.get(address), reason="Broken"), follow=True)
        assert f"{order.number}: Cancelled." in words(response)
        assert shown(order)[0] == "CANCELLED"
        assert order.events.last().message == "The order was cancelled: Broken"
        assert "Cancelled." in staff.get(f"{LIST}{order.pk}/history/").text

    def test_twice_by_a_double_click_is_no_refusal(self, staff, order):
        address = page_of("cancel", order)
        data = sent(staff.get(address))
        for _ in range(2):
            response = staff.post(address, data, follow=True)
            assert f"{order.number}: Cancelled." in words(response)
        assert OrderEvent.objects.filter(kind="CANCELLED").count() == 1

    def test_is_refused_in_words_where_it_became_impossible_meanwhile(self, staff, order):
        address = page_of("cancel", order)
        data = sent(staff.get(address), reason="Broken")
        cancel_order(viewer=ANONYMOUS, token=order.token, now=NOON)
        page = staff.post(address, data)
        assert "The order is CANCELLED: cancel is not possible." in page.text
        assert 'value="Broken"' in page.text

    def test_of_many_orders_says_what_became_of_each(self, staff, standard, order):
        other = buy(make_ready_cart(method=standard, mug_1=1), key="key-2").order
        address = page_of("cancel", order, other)
        data = sent(staff.get(address))
        cancel_order(viewer=ANONYMOUS, token=other.token, now=NOON)
        page = staff.post(address, data)
        assert f"{order.number}: Cancelled." in words(page)
        (left,) = page.context["forms"]
        assert left.order == other
        assert shown(order)[0] == "CANCELLED"


class TestSending:
    def test_sends_the_lines_that_are_left_with_a_tracking_number(self, staff, order):
        address = page_of("fulfill", order)
        page = staff.get(address)
        assert "Mind that it is not paid." in page.text
        mug = order.lines.get(sku="mug-1")
        data = sent(page, **{f"line-{mug.pk}": 1, "tracking_number": "T-1"})
        response = staff.post(address, data, follow=True)
        assert f"{order.number}: A parcel with 2 items is on its way." in words(response)
        assert shown(order)[0] == "PARTIALLY_FULFILLED"
        assert Fulfillment.objects.get().tracking_number == "T-1"
        page = staff.get(address)
        (form,) = page.context["forms"]
        assert [form[name].value() for name in form.fields if name.startswith("line")] == [1]

    def test_twice_by_a_double_click_sends_once(self, staff, order):
        address = page_of("fulfill", order)
        data = sent(staff.get(address))
        for _ in range(2):
            response = staff.post(address, data, follow=True)
            assert "is on its way" in words(response)
        assert Fulfillment.objects.count() == 1
        assert shown(order)[0] == "FULFILLED"

    def test_is_refused_at_the_line_of_which_there_is_not_so_much(self, staff, order):
        address = page_of("fulfill", order)
        mug = order.lines.get(sku="mug-1")
        page = staff.post(address, sent(staff.get(address), **{f"line-{mug.pk}": 7}))
        (form,) = page.context["forms"]
        assert form.errors == {f"line-{mug.pk}": ["Only 2 of mug-1 left to send."]}
        response = staff.post(address, sent(page, **{f"line-{mug.pk}": 2}), follow=True)
        assert "is on its way" in words(response)

    def test_of_nothing_is_refused(self, staff, order):
        address = page_of("fulfill", order)
        nothing = {f"line-{line.pk}": 0 for line in order.lines.all()}
        page = staff.post(address, sent(staff.get(address), **nothing))
        assert "Name at least one line." in page.text
        assert not Fulfillment.objects.exists()

    def test_takes_lines_of_the_order_alone(self, staff, standard, order):
        other = buy(make_ready_cart(method=standard, mug_1=1), key="key-2").order
        address = page_of("fulfill", order)
        data = sent(staff.get(address)) | {f"{order.pk}-line-{other.lines.get().pk}": "1"}
        staff.post(address, data)
        assert shown(other)[0] == "CONFIRMED"
        assert shown(order)[0] == "FULFILLED"


@pytest.mark.django_db(transaction=True)
class TestMoney:
    def test_that_came_by_hand_is_noted_and_given_back(self, staff, order):
        address = page_of("capture", order)
        response = staff.post(address, sent(staff.get(address)), follow=True)
        assert f"{order.number}: 42.00 EUR taken." in words(response)
        assert shown(order)[1] == "PAID"

    def test_is_given_back_in_part_with_a_reason(self, staff, paid, bank):
        address = page_of("refund", paid)
        page = staff.get(address)
        assert "At most 18.00 EUR." in page.text
        bank.answers = [DONE]
        data = sent(page, amount="5.00", reason="Scratched")
        for _ in range(2):  # a double click
            response = staff.post(address, data, follow=True)
            assert f"{paid.number}: 5.00 EUR given back." in words(response)
        assert shown(paid)[1] == "PARTIALLY_REFUNDED"
        assert PaymentOperation.objects.get().reason == "Scratched"
        assert "At most 13.00 EUR." in staff.get(address).text

    def test_is_not_given_back_beyond_what_came(self, staff, paid):
        address = page_of("refund", paid)
        page = staff.post(address, sent(staff.get(address), amount="99"))
        (form,) = page.context["forms"]
        assert form.errors == {"amount": ["At most 18.00 EUR can be given back."]}
        assert Payment.objects.get().refunding == Decimal(0)

    @pytest.mark.parametrize("amount", ["", "x", "0", "-1", "1.001", "NaN"])
    def test_takes_amounts_alone(self, staff, paid, amount):
        address = page_of("refund", paid)
        page = staff.post(address, sent(staff.get(address), amount=amount))
        (form,) = page.context["forms"]
        assert list(form.errors) == ["amount"]
        assert not PaymentOperation.objects.exists()

    def test_may_be_asked_for_again_where_the_provider_refuses(self, staff, paid, bank):
        address = page_of("refund", paid)
        bank.answers = [REFUSED, DONE]
        page = staff.post(address, sent(staff.get(address)))
        assert "The bank says no." in page.text
        assert "18.00 EUR given back." in words(staff.post(address, sent(page), follow=True))

    def test_that_is_reserved_is_released_with_the_order(self, staff, standard, bank):
        make_variant("mug-1")
        bank.answers = [AUTHORIZED]
        order = buy(make_ready_cart(method=standard, mug_1=1), provider="bank").order
        page = staff.get(page_of("cancel", order))
        assert "18.00 EUR is no longer reserved." in page.text

    def test_that_was_taken_goes_back_with_the_order(self, staff, paid):
        assert "18.00 EUR goes back to the customer." in staff.get(page_of("cancel", paid)).text
