"""A payment provider that answers what a test wants."""

from __future__ import annotations

from django.db import connection


class Bank:
    """Remembers what it was asked; an answer that is an exception is raised."""

    name = "bank"
    is_offline = False

    def __init__(self):
        self.answers = []
        self.asked = []

    def accept(self, data):
        return dict(data)

    def start(self, *, payment):
        return self._answer("start", payment.public_id, payment.amount, payment.data)

    def confirm(self, *, payment, data):
        return self._answer("confirm", payment.public_id, payment.amount, dict(data))

    def capture(self, *, operation):
        return self._answer("capture", operation.public_id, operation.amount)

    def refund(self, *, operation):
        return self._answer("refund", operation.public_id, operation.amount)

    def cancel(self, *, payment):
        return self._answer("cancel", payment.public_id)

    def _answer(self, *asked):
        assert not connection.in_atomic_block
        self.asked.append(asked)
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer
