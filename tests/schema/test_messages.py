"""A message and the notification that a background job makes of it."""

from __future__ import annotations

from typing import Any

from schema.compiler.ids import encode_id
from tasks.models import Job
from tests.schema.shop import CommittedShopTestCase, buy, id_of, make_user, run_jobs, token_of
from users.models import Message, Notification


class TestMessages(CommittedShopTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.customer = make_user(first_name="Ada", last_name="Byron")
        self.staff = make_user("staff@example.com", role="support")
        self.from_customer, self.from_staff = token_of(self.customer), token_of(self.staff)

    def send_message(self, **given: Any) -> Any:
        given = {"recipientEmail": "staff@example.com", "body": "Where is it?"} | given
        return self.call("MessageSend", bearer=self.from_customer, **given)

    def test_reach_their_recipient_as_notifications(self) -> None:
        number = buy(self, bearer=self.from_customer)["order"]["number"]
        Job.objects.all().delete()
        answer = self.send_message(orderNumber=number)
        message, job = Message.objects.get(), Job.objects.get()
        self.same(
            answer.data,
            {
                "messageSend": {
                    "message": {
                        "id": id_of(message),
                        "body": "Where is it?",
                        "createdAt": message.created_at.isoformat(),
                    },
                    "jobs": [
                        {
                            "id": encode_id("Job", job.public_id),
                            "kind": "users.notify_recipient",
                            "status": "PENDING",
                        }
                    ],
                    "userErrors": [],
                }
            },
        )
        for bearer, is_mine in ((self.from_customer, True), (self.from_staff, False)):
            connection = self.send("Messages", bearer=bearer).data["viewer"]["messages"]
            page = connection.pop("pageInfo")
            assert page["hasNextPage"] is False
            self.same(
                connection,
                {
                    "totalCount": 1,
                    "edges": [
                        {
                            "node": {
                                "id": id_of(message),
                                "body": "Where is it?",
                                "createdAt": message.created_at.isoformat(),
                                "isMine": is_mine,
                                "order": {"number": number},
                            }
                        }
                    ],
                },
            )

        run_jobs()
        notification = Notification.objects.get()
        shown = self.send("Viewer", bearer=self.from_staff).data["viewer"]["notifications"]
        self.same(
            shown,
            {
                "totalCount": 1,
                "unreadCount": 1,
                "edges": [
                    {
                        "node": {
                            "id": id_of(notification),
                            "kind": "MESSAGE_RECEIVED",
                            "title": "New message from Ada Byron",
                            "body": "Where is it?",
                            "readAt": None,
                            "createdAt": notification.created_at.isoformat(),
                        }
                    }
                ],
            },
        )

    def test_are_marked_read(self) -> None:
        for body in ("one", "two"):
            self.send_message(body=body)
        run_jobs()
        first, second = map(id_of, Notification.objects.order_by("pk"))
        for ids, unread in (([first], 1), ([first], 1), ([], 1), ([first, second], 0)):
            answer = self.call("NotificationsMarkRead", bearer=self.from_staff, ids=ids)
            expected = {"notificationsMarkRead": {"unreadCount": unread, "userErrors": []}}
            self.same(answer.data, expected)
        (newest, _) = self.send("Viewer", bearer=self.from_staff).data["viewer"]["notifications"][
            "edges"
        ]
        read_at = Notification.objects.latest("pk").read_at
        assert read_at is not None
        assert newest["node"]["readAt"] == read_at.isoformat()

    def test_are_read_page_by_page(self) -> None:
        for number in range(3):
            self.send_message(body=f"Message {number}")
        seen = []
        after = None
        for _ in range(3):
            answer = self.send("Messages", bearer=self.from_customer, first=1, after=after)
            connection = answer.data["viewer"]["messages"]
            seen += [edge["node"]["body"] for edge in connection["edges"]]
            after = connection["pageInfo"]["endCursor"]
        assert seen == ["Message 2", "Message 1", "Message 0"]
        assert connection["pageInfo"]["hasNextPage"] is False

    def test_of_customers_go_to_staff_alone(self) -> None:
        make_user("other@example.com")
        for recipient in ("other@example.com", "nobody@example.com", "ada@example.com"):
            self.rejected(
                lambda to=recipient: self.send_message(recipientEmail=to),
                ("input.recipientEmail", "NOT_FOUND"),
            )
