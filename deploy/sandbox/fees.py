"""The property's fee system (收费系统): an HTTP API with signatures, and its own page.

It is made up, in the way of the systems that property companies run: bills by change, payments told
under the teller's own numbers, refusals with the bill as it stands.
"""

import json
import time
from datetime import date
from typing import Any

from flask import Blueprint, Response, g, jsonify, make_response, render_template, request

from deploy.sandbox import fee_ledger
from deploy.sandbox.asked import Refused, body_object, query_number
from deploy.sandbox.fee_ledger import BILL_FIELDS, NotTaken, Told
from deploy.sandbox.fee_signing import BadFeeSignature, FeeSigner
from deploy.sandbox.world import World

API = "/fees/v1"
ADMIN = "/sandbox/api/fees"
STATES = ("open", "paid", "withdrawn")
KINDS = ("home", "merchant")
SHOWN_MAX = 200


def blueprint(world: World) -> Blueprint:
    """The API under /fees/v1, the admin API under /sandbox/api/fees, the page /sandbox/fees."""
    routes = Blueprint("fees", __name__)
    routes.register_blueprint(_api(world))
    _admin(world, routes)

    @routes.get("/sandbox/fees")
    def page() -> Response:
        shown = render_template(
            "fees.html",
            bills=fee_ledger.bills(world, SHOWN_MAX),
            payments=fee_ledger.payments(world, SHOWN_MAX),
        )
        return make_response(shown)

    return routes


def _api(world: World) -> Blueprint:
    routes = Blueprint("fee_api", __name__, url_prefix=API)
    signer = FeeSigner(world.fee_key)

    @routes.before_request
    def verify() -> Response | None:
        if world.knobs.fees_are_down():
            return Response("Service Unavailable", 503)
        time.sleep(world.knobs.trouble.fee_delay_s)
        path = request.environ["RAW_URI"]
        g.fee_nonce = signer.check(dict(request.headers), request.method, path, request.get_data())
        return None

    @routes.after_request
    def sign(response: Response) -> Response:
        if world.knobs.trouble.fees == "lose_answers" and request.method == "POST":
            return Response("Bad Gateway", 502)
        if "fee_nonce" in g:
            signed = signer.headers(response.status_code, g.fee_nonce, response.get_data())
            response.headers.update(signed)
        return response

    @routes.errorhandler(BadFeeSignature)
    def unsigned(error: BadFeeSignature) -> Response:
        return _json({"code": "BAD_SIGNATURE", "message": str(error)}, 401)

    @routes.errorhandler(NotTaken)
    def not_taken(error: NotTaken) -> Response:
        told = {"code": error.code, "message": error.message, "bill": error.bill}
        return _json(told, 409)

    @routes.get("/bills")
    def changed_bills() -> Response:
        cursor = request.args.get("cursor", "") or "0"
        if not cursor.isdigit():
            return _json({"code": "BAD_CURSOR", "message": "cursor"}, 400)
        limit = max(1, query_number("limit", SHOWN_MAX))
        found, reached, more = fee_ledger.bills_since(world, int(cursor), limit)
        return _json({"bills": found, "cursor": str(reached), "more": more})

    @routes.post("/payments")
    def take() -> Response:
        try:
            told = Told(**json.loads(request.get_data()))
        except (TypeError, ValueError):
            return _json({"code": "BAD_BODY", "message": "a payment"}, 400)
        return _json(fee_ledger.take_payment(world, told))

    @routes.post("/payments/<number>/reversal")
    def reverse(number: str) -> Response:
        reason = str(body_object().get("reason", ""))[:200]
        return _json(fee_ledger.reverse_payment(world, number, reason))

    return routes


def _admin(world: World, routes: Blueprint) -> None:
    @routes.get(f"{ADMIN}/bills")
    def list_bills() -> Response:
        return jsonify({"bills": fee_ledger.bills(world, query_number("limit", SHOWN_MAX))})

    @routes.put(f"{ADMIN}/bills")
    def put_bills() -> Response:
        given = request.get_json(force=True, silent=True)
        bills = [_bill(item) for item in (given if isinstance(given, list) else [given])]
        return jsonify({"bills": [fee_ledger.put_bill(world, bill) for bill in bills]})

    @routes.get(f"{ADMIN}/payments")
    def list_payments() -> Response:
        return jsonify({"payments": fee_ledger.payments(world, query_number("limit", SHOWN_MAX))})


def _bill(value: Any) -> dict[str, Any]:
    """A bill of the admin API, whole; Refused when something is missing or of the wrong kind."""
    bill = {"state": "open", **value} if isinstance(value, dict) else {}
    if set(bill) != set(BILL_FIELDS):
        raise Refused(400, "bad_body", f"a bill: {', '.join(BILL_FIELDS)}")
    amount_fen = bill["amount_fen"]
    whole = isinstance(amount_fen, int) and not isinstance(amount_fen, bool) and amount_fen > 0
    texts = all(isinstance(bill[name], str) and bill[name] for name in set(bill) - {"amount_fen"})
    if not whole or not texts or bill["state"] not in STATES or bill["debtor_kind"] not in KINDS:
        raise Refused(400, "bad_body", "amount_fen above zero, texts, a known state and kind")
    try:
        date.fromisoformat(bill["due_day"])
    except ValueError:
        raise Refused(400, "bad_body", "due_day: YYYY-MM-DD") from None
    return bill


def _json(value: Any, status: int = 200) -> Response:
    body = json.dumps(value, ensure_ascii=False).encode()
    return Response(body, status, content_type="application/json; charset=utf-8")
