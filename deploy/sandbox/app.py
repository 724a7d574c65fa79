"""The Flask app: every interface of the sandbox on one port."""

from typing import Any

from flask import Flask, Response, jsonify
from werkzeug.exceptions import HTTPException

from deploy.sandbox import (
    admin,
    alipay,
    alipay_bill,
    bill,
    bill_faults,
    cashier,
    fees,
    looks,
    merchant_api,
    notice_records,
    oauth,
    partners,
    pay,
    phone,
    receive,
    refunds,
    share_book,
    sharing,
    sheet,
    transfers,
    unionpay,
    wechat,
)
from deploy.sandbox.world import World

BODY_MAX_BYTES = 1_000_000
PARTS: tuple[Any, ...] = (
    *(admin, bill, notice_records, oauth, partners, pay, phone, receive, refunds, sharing, sheet),
    *(transfers, wechat, alipay, alipay_bill, unionpay, cashier, bill_faults, fees),
)


def create_app(world: World) -> Flask:
    """Put the interfaces together around one world, and go on with what was left undone."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = BODY_MAX_BYTES
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    looks.add_filters(app)
    for part in PARTS:
        app.register_blueprint(part.blueprint(world))
    for part_with_errors in (admin, merchant_api, wechat):
        part_with_errors.handle_errors(app)

    @app.errorhandler(HTTPException)
    def plain(error: HTTPException) -> Response:
        return Response(f"{error.code} {error.name}", error.code, content_type="text/plain")

    @app.get("/healthz")
    def healthz() -> Response:
        return jsonify({"status": "ok"})

    world.notices.resume()
    for part_with_ends in (refunds, share_book, transfers, unionpay):
        part_with_ends.resume(world)
    return app
