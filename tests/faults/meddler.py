"""Somebody who takes messages of the shop, and puts them back twice and in another order."""

from __future__ import annotations

import threading
from contextlib import suppress
from random import Random
from typing import Any

from kombu import Connection, Consumer, Producer

from tasks import broker
from tasks.broker import Unavailable

# Messages that are held at once, and seconds for which more are waited for.
HAND, PATIENCE_SECONDS = 10, 0.3
# The header that tells a copy.
COPY = "x-copy"


class Meddler:
    """Competes with the workers for messages; what it takes it publishes again, more than once.

    It says that it is done with a message only when the broker has confirmed the copies, so that
    it loses none whenever it is stopped.
    """

    def __init__(self, url: str, random: Random) -> None:
        self.duplicated = 0
        self._url = url
        self._random = random
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(10)

    def _run(self) -> None:
        while not self._stop.is_set():
            # What it holds when the connection breaks goes back by itself.
            with suppress(*Unavailable), self._connect() as connection:
                self._meddle(connection)

    def _connect(self) -> Connection:
        return Connection(self._url, connect_timeout=1, transport_options={"confirm_publish": True})

    def _meddle(self, connection: Connection) -> None:
        channel: Any = connection.channel()
        hand: list[Any] = []
        consumer = Consumer(channel, broker.queues(), on_message=hand.append, auto_declare=False)
        consumer.qos(prefetch_count=HAND)
        producer = Producer(channel, broker.exchange(), auto_declare=False)
        with consumer:
            while not self._stop.is_set():
                with suppress(TimeoutError):
                    while len(hand) < HAND:
                        connection.drain_events(timeout=PATIENCE_SECONDS)
                self._put_back(hand, producer)
                hand.clear()

    def _put_back(self, hand: list[Any], producer: Producer) -> None:
        copies = [message for message in hand for _ in range(self._times(message))]
        self._random.shuffle(copies)
        for message in copies:
            producer.publish(
                message.body,
                exchange=message.delivery_info["exchange"],
                routing_key=message.delivery_info["routing_key"],
                headers={**message.headers, COPY: True},
                content_type=message.content_type,
                content_encoding=message.content_encoding,
                correlation_id=message.properties["correlation_id"],
                delivery_mode=broker.PERSISTENT,
                confirm_timeout=broker.TIMEOUT,
            )
        for message in hand:
            message.ack()
        self.duplicated += len(copies) - len(hand)

    def _times(self, message: Any) -> int:
        """How often a message is put back; of copies there are enough already."""
        return 1 if COPY in message.headers else self._random.randint(2, 4)
