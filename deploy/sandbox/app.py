"""The Flask app: every interface of the sandbox on one port."""

from flask import Flask, Response, jsonify
from werkzeug.exceptions import HTTPException

from deploy.sandbox import (
    admin,
    bill,
    looks,
    merchant_api,
    notice_records,
    oauth,
    pay,
    phone,
    refunds,
    sheet,
    wechat,
)
from deploy.sandbox.world import World

BODY_MAX_BYTES = 1_000_000


def create_app(world: World) -> Flask:
    """Put the interfaces together around one world, and go on with what was left undone."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = BODY_MAX_BYTES
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    looks.add_filters(app)
    for part in (admin, bill, notice_records, oauth, pay, phone, refunds, sheet, wechat):
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
    refunds.resume(world)
    return app
