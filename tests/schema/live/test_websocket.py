"""Operations over WebSocket, by ``graphql-transport-ws``."""

from __future__ import annotations

import json

import pytest
from django.test import Client
from django.utils import timezone
from websockets.exceptions import InvalidStatus

from tests.schema.shop import OPERATIONS, PASSWORD, buy, make_user, token_of
from users.models import User
from users.services.notifications import notify

ORDER = OPERATIONS["OrderUpdated"]
NOTIFICATION = OPERATIONS["NotificationReceived"]


def tell(user: User, number: int) -> None:
    notify(
        user_id=user.pk,
        kind="MESSAGE_RECEIVED",
        source=f"message:{number}",
        title=f"Message {number}",
        now=timezone.now(),
    )


class TestSubscriptions:
    def test_deliver_what_was_missed_and_what_comes(self, shop, socket):
        order = buy(shop)["order"]
        client = socket()
        client.subscribe(ORDER, {"token": order["token"], "after": 1})
        assert client.next()["data"]["orderUpdated"]["sequence"] == 2
        shop.call("OrderCancel", token=order["token"])
        assert client.next()["data"]["orderUpdated"]["order"]["status"] == "CANCELLED"

    def test_run_side_by_side_until_the_client_has_enough(self, shop, socket):
        orders = [buy(shop)["order"] for _ in range(2)]
        client = socket()
        for number, order in enumerate(orders):
            client.subscribe(ORDER, {"token": order["token"], "after": 1}, id_=str(number))
        heard = [client.hear() for _ in orders]
        assert {message["id"] for message in heard} == {"0", "1"}

        client.say(id="0", type="complete")
        client.say(type="ping")
        assert client.hear() == {"type": "pong"}
        for order in orders:
            shop.call("OrderCancel", token=order["token"])
        assert client.next("1")["data"]["orderUpdated"]["sequence"] == 3
        # The id is free again.
        client.subscribe(ORDER, {"token": orders[0]["token"], "after": 2}, id_="0")
        assert client.next("0")["data"]["orderUpdated"]["sequence"] == 3

    @pytest.mark.parametrize("name", ["Authorization", "authorization"])
    def test_are_of_the_token_that_the_greeting_carries(self, shop, socket, name):
        ada = make_user()
        client = socket(payload={name: f"Bearer {token_of(ada)}"})
        client.subscribe(NOTIFICATION, {"after": 0})
        tell(ada, 1)
        assert client.next()["data"]["notificationReceived"]["notification"]["title"] == "Message 1"

    def test_tell_errors_and_leave_the_others_alone(self, shop, socket):
        client = socket(payload={"Authorization": "Bearer garbage"})
        client.subscribe(NOTIFICATION, id_="a")
        message = client.hear()
        assert (message["type"], message["id"]) == ("error", "a")
        assert message["payload"][0]["extensions"] == {
            "code": "UNAUTHENTICATED",
            "reason": "TOKEN_INVALID",
        }
        client.subscribe("subscription { unknown }", id_="b")
        assert client.hear()["payload"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
        client.subscribe('{ product(slug: "mug") { name } }', id_="c")
        assert client.next("c")["data"] == {"product": {"name": "Mug"}}

    def test_end_with_an_error_when_the_account_is_lost(self, shop, socket):
        ada = make_user()
        client = socket(headers={"Authorization": f"Bearer {token_of(ada)}"})
        client.subscribe(NOTIFICATION, {"after": 0})
        tell(ada, 1)
        client.next()
        User.objects.update(is_active=False)
        tell(ada, 2)
        assert client.hear()["payload"][0]["extensions"]["code"] == "UNAUTHENTICATED"


class TestOtherOperations:
    def test_are_answered_and_completed(self, shop, socket):
        client = socket()
        client.subscribe("mutation { cartCreate(input: {}) { cart { id } } }")
        assert client.next()["data"]["cartCreate"]["cart"]["id"]
        assert client.hear() == {"id": "1", "type": "complete"}

    @pytest.mark.parametrize(
        "payload",
        [None, [], "x", {}, {"query": 1}, {"query": "{ a }", "variables": 1}, {"query": "\0{a}"}],
    )
    def test_that_are_none_are_refused(self, shop, socket, payload):
        client = socket()
        client.say(id="1", type="subscribe", payload=payload)
        message = client.hear()
        assert message["type"] == "error"
        assert message["payload"][0]["extensions"]["code"] in (
            "BAD_USER_INPUT",
            "LIMIT_EXCEEDED",
            "GRAPHQL_PARSE_FAILED",
        )

    def test_beyond_so_many_at_once_are_refused(self, shop, socket, settings):
        settings.GRAPHQL_LIMITS = {**settings.GRAPHQL_LIMITS, "max_subscriptions": 2}
        order = buy(shop)["order"]
        client = socket()
        for number in range(3):
            client.subscribe(ORDER, {"token": order["token"]}, id_=str(number))
        message = client.hear()
        assert (message["type"], message["id"]) == ("error", "2")
        assert message["payload"][0]["extensions"] == {
            "code": "LIMIT_EXCEEDED",
            "limit": "max_subscriptions",
        }


class TestProtocol:
    def test_another_is_refused(self, shop, socket):
        assert socket(protocol="graphql-ws", init=False).close_code() == 4406

    @pytest.mark.parametrize(
        "text", ["", "x", "[]", "{}", '{"type": 1}', '{"type": "x"}', "[" * 100_000, "\udcff"]
    )
    def test_messages_that_are_none_end_the_connection(self, shop, socket, text):
        client = socket()
        client.socket.send(text.encode(errors="surrogateescape"), text="\udcff" not in text)
        assert client.close_code() == 4400

    def test_a_message_that_is_too_large_ends_the_connection(self, shop, socket):
        client = socket()
        client.say(type="ping", payload="x" * 1_000_001)
        assert client.close_code() == 4400

    @pytest.mark.parametrize("id_", ["", 1, None, "x" * 129])
    def test_ids_are_short_texts(self, shop, socket, id_):
        client = socket()
        client.say(id=id_, type="subscribe", payload={"query": "{ __typename }"})
        assert client.close_code() == 4400

    def test_the_greeting_comes_first(self, shop, socket):
        client = socket(init=False)
        client.subscribe("{ __typename }")
        assert client.close_code() == 4401

    def test_the_greeting_comes_once(self, shop, socket):
        client = socket()
        client.say(type="connection_init")
        assert client.close_code() == 4429

    def test_the_greeting_comes_soon(self, shop, socket, monkeypatch):
        monkeypatch.setattr("schema.live.websocket.INIT_SECONDS", 0.2)
        assert socket(init=False).close_code() == 4408

    def test_an_id_is_used_once_at_a_time(self, shop, socket):
        token = buy(shop)["order"]["token"]
        client = socket()
        client.subscribe(ORDER, {"token": token})
        client.subscribe(ORDER, {"token": token})
        assert client.close_code() == 4409

    def test_a_ping_is_answered_before_the_greeting_too(self, shop, socket):
        client = socket(init=False)
        client.say(type="ping")
        assert client.hear() == {"type": "pong"}
        client.say(type="connection_init")
        assert client.hear() == {"type": "connection_ack"}

    def test_a_silent_client_is_asked_and_then_left(self, shop, socket, monkeypatch):
        monkeypatch.setattr("schema.live.websocket.HEARTBEAT_SECONDS", 0.2)
        client = socket()
        assert json.loads(client.socket.recv(timeout=5)) == {"type": "ping"}
        assert client.close_code() == 1001

    def test_a_client_that_answers_is_kept(self, shop, socket, monkeypatch):
        monkeypatch.setattr("schema.live.websocket.HEARTBEAT_SECONDS", 0.1)
        client = socket()
        for _ in range(5):
            assert json.loads(client.socket.recv(timeout=5)) == {"type": "ping"}
            client.say(type="pong")

    def test_is_spoken_at_one_address_and_to_known_hosts_only(self, shop, socket, address):
        for kwargs in ({"headers": {"Host": "evil.example.com"}}, {}):
            with pytest.raises(InvalidStatus):
                socket(**kwargs) if kwargs else socket(path="/elsewhere")

    def test_clients_beyond_those_that_a_process_takes_come_later(self, shop, socket, graphql):
        graphql._subscriptions._most = 1
        socket()
        assert socket(init=False).close_code() == 1013


class TestSessions:
    @pytest.fixture
    def cookie(self, shop) -> dict[str, str]:
        make_user()
        client = Client()
        assert client.login(username="ada@example.com", password=PASSWORD)
        return {"Cookie": f"sessionid={client.cookies['sessionid'].value}"}

    def viewer(self, client) -> object:
        client.subscribe("{ viewer { email } }")
        return client.hear()

    def test_count_for_the_shops_own_pages(self, socket, cookie, address):
        client = socket(headers=cookie, origin=f"http://{address.partition('/')[0]}")
        assert self.viewer(client)["payload"]["data"] == {"viewer": {"email": "ada@example.com"}}

    def test_count_for_trusted_origins(self, socket, cookie, settings):
        settings.CSRF_TRUSTED_ORIGINS = ["https://admin.example.com"]
        client = socket(headers=cookie, origin="https://admin.example.com")
        assert self.viewer(client)["payload"]["data"]["viewer"]

    @pytest.mark.parametrize(
        "origin", ["https://evil.example.com", "null", "http://127.0.0.1", "http://["]
    )
    def test_do_not_count_for_other_sites_pages(self, socket, cookie, origin):
        answer = self.viewer(socket(headers=cookie, origin=origin))
        assert answer["payload"]["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"

    def test_change_nothing(self, socket, cookie):
        client = socket(headers=cookie)
        client.subscribe("mutation { cartCreate(input: {}) { cart { id } } }")
        assert client.hear()["payload"][0]["extensions"]["code"] == "BAD_USER_INPUT"
