"""A server that answers as Stripe's API does, as far as the shop asks it."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


class StripeDouble:
    """PaymentIntents and refunds in memory; the payment method decides what happens.

    Attributes:
        intents, refunds: what there is, by id.
        calls: how often each path was asked, ids left out.
        faults: what the next requests meet: ``"timeout"``, an HTTP status, or ``"lost"``: it is
            done and not answered in time.
    """

    def __init__(self, timeout: float) -> None:
        self.intents: dict[str, dict[str, Any]] = {}
        self.refunds: dict[str, dict[str, Any]] = {}
        self.calls: Counter[str] = Counter()
        self.faults: list[Any] = []
        self.bodies: list[dict[str, str]] = []
        self.patience = timeout
        self._answers: dict[str, tuple[Any, int, Any]] = {}
        self._lock = threading.Lock()
        double = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                double.serve(self, {})

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                double.serve(self, dict(parse_qsl(self.rfile.read(length).decode())))

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def serve(self, request: BaseHTTPRequestHandler, params: dict[str, str]) -> None:
        """Answer a request, as often as it comes with the same key in the same way."""
        fault = self.faults.pop(0) if self.faults else None
        if fault == "timeout":
            time.sleep(self.patience * 2)
            return
        if isinstance(fault, int):
            self._send(request, fault, {"error": {"type": "api_error", "message": "Oh no."}})
            return
        with self._lock:
            status, answer = self._keyed(request, params)
        if fault == "lost":
            time.sleep(self.patience * 2)
            return
        self._send(request, status, answer)

    def _send(self, request: BaseHTTPRequestHandler, status: int, answer: Any) -> None:
        body = json.dumps(answer).encode()
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    def _keyed(self, request: BaseHTTPRequestHandler, params: dict[str, str]) -> tuple[int, Any]:
        url = urlsplit(request.path)
        if request.headers["Authorization"] != "Bearer sk_test_double":
            return 401, {"error": {"type": "invalid_request_error", "message": "Who?"}}
        key = request.headers.get("Idempotency-Key")
        assert key or request.command == "GET", "Every change has a key."
        asked = [request.path, params]
        if key in self._answers:
            before, status, answer = self._answers[key]
            if before != asked:
                return 400, {"error": {"type": "idempotency_error", "message": "Other params."}}
            return status, answer
        self.bodies.append(params)
        status, answer = self._answer(request.command, url.path.split("/")[2:], url.query, params)
        answer = json.loads(json.dumps(answer))
        if key:
            self._answers[key] = (asked, status, answer)
        return status, answer

    def _answer(
        self, method: str, path: list[str], query: str, params: dict[str, str]
    ) -> tuple[int, Any]:
        match method, path:
            case "POST", ["payment_intents"]:
                self.calls["create"] += 1
                return self._create(params)
            case "GET", ["payment_intents", "search"]:
                self.calls["search"] += 1
                wanted = dict(parse_qsl(query))["query"].split("'")[3]
                found = [
                    intent
                    for intent in self.intents.values()
                    if intent["metadata"]["payment"] == wanted
                ]
                return 200, {"object": "search_result", "data": found, "has_more": False}
            case "GET", ["payment_intents", reference]:
                self.calls["retrieve"] += 1
                return 200, self.intents[reference]
            case "POST", ["payment_intents", reference, "capture"]:
                self.calls["capture"] += 1
                return self._capture(self.intents[reference], int(params["amount_to_capture"]))
            case "POST", ["payment_intents", reference, "cancel"]:
                self.calls["cancel"] += 1
                intent = self.intents[reference]
                if intent["status"] in {"succeeded", "canceled"}:
                    return self._unexpected()
                intent["status"] = "canceled"
                return 200, intent
            case "POST", ["refunds"]:
                self.calls["refund"] += 1
                return self._refund(params)
        return 404, {"error": {"type": "invalid_request_error", "message": "Unknown path."}}

    def _create(self, params: dict[str, str]) -> tuple[int, Any]:
        reference = f"pi_{uuid.uuid4().hex}"
        intent = self.intents[reference] = {
            "id": reference,
            "object": "payment_intent",
            "amount": int(params["amount"]),
            "amount_received": 0,
            "currency": params["currency"],
            "capture_method": params["capture_method"],
            "client_secret": f"{reference}_secret_x",
            "last_payment_error": None,
            "metadata": {
                name: params[f"metadata[{name}]"] for name in ("payment", "order", "confirmed_by")
            },
            "next_action": None,
            "status": "requires_payment_method",
        }
        method = params.get("payment_method")
        if method is None:
            return 200, intent
        if method == "pm_unknown":
            del self.intents[reference]
            error = {"type": "invalid_request_error", "code": "resource_missing", "message": "No."}
            return 400, {"error": error}
        if method == "pm_declined":
            return 402, {"error": self.decline(intent)}
        if method == "pm_3ds":
            intent["status"] = "requires_action"
            url = {"url": "https://hooks.stripe.example.com/3ds"}
            intent["next_action"] = {"type": "redirect_to_url", "redirect_to_url": url}
        else:
            self.succeed(intent)
        return 200, intent

    def decline(self, intent: dict[str, Any]) -> dict[str, Any]:
        """Have the bank refuse it."""
        error = {
            "type": "card_error",
            "code": "card_declined",
            "message": "Your card was declined.",
        }
        intent |= {"status": "requires_payment_method", "last_payment_error": error}
        return {**error, "payment_intent": intent}

    def succeed(self, intent: dict[str, Any]) -> None:
        """Have the bank agree."""
        intent["next_action"] = None
        if intent["capture_method"] == "manual":
            intent["status"] = "requires_capture"
        else:
            intent |= {"status": "succeeded", "amount_received": intent["amount"]}

    def _capture(self, intent: dict[str, Any], amount: int) -> tuple[int, Any]:
        if intent["status"] != "requires_capture" or amount > intent["amount"]:
            return self._unexpected()
        intent |= {"status": "succeeded", "amount_received": amount}
        return 200, intent

    def _refund(self, params: dict[str, str]) -> tuple[int, Any]:
        intent = self.intents[params["payment_intent"]]
        before = sum(
            refund["amount"]
            for refund in self.refunds.values()
            if refund["payment_intent"] == intent["id"]
        )
        if before + int(params["amount"]) > intent["amount_received"]:
            return self._unexpected()
        reference = f"re_{uuid.uuid4().hex}"
        refund = self.refunds[reference] = {
            "id": reference,
            "object": "refund",
            "amount": int(params["amount"]),
            "currency": intent["currency"],
            "payment_intent": intent["id"],
            "metadata": {name: params[f"metadata[{name}]"] for name in ("payment", "operation")},
            "status": "succeeded",
        }
        return 200, refund

    def _unexpected(self) -> tuple[int, Any]:
        error = {
            "type": "invalid_request_error",
            "code": "payment_intent_unexpected_state",
            "message": "This can't be done in its state.",
        }
        return 400, {"error": error}
