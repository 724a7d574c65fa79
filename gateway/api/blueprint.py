"""The API as one blueprint with its document at /openapi/openapi.json."""

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.info import Info
from flask_openapi3.models.tag import Tag
from flask_openapi3.openapi import OpenAPI
from flask_openapi3.types import SecuritySchemesDict

from gateway.api import audit, operations, payments, photos, sessions
from gateway.api.tables import TABLES
from gateway.errors import ErrorBody, answer
from services.kernel import jsons

PREFIX = "/api/v1"
INFO = Info(
    title="邻里 Linli",
    version="1",
    description="Writes carry Idempotency-Key; errors are {code, message, request_id, fields}; "
    "amounts are integer fen; times are UTC; lists are read on by `after` = the last `next_after`.",
)
SECURITY: SecuritySchemesDict = {
    "session": {"type": "http", "scheme": "bearer"},
    "cookie": {"type": "apiKey", "in": "cookie", "name": "linli_session"},
}


def new_app(import_name: str) -> OpenAPI:
    """A Flask app that documents what is registered on it."""
    return OpenAPI(
        import_name,
        info=INFO,
        security_schemes=SECURITY,
        doc_ui=False,
        validation_error_model=ErrorBody,
        validation_error_status="4XX",
        validation_error_callback=answer,
    )


def register(app: OpenAPI) -> None:
    """Serve the API and its document."""
    # One blueprint: flask-openapi3 keeps only one blueprint's methods of a path.
    blueprint = APIBlueprint("api", __name__, url_prefix=PREFIX)
    for name, table in TABLES.items():
        operations.register(blueprint, table, [Tag(name=name)])
    for module in (sessions, payments, photos, audit):
        module.register(blueprint)
    app.register_api(blueprint)
    app.add_url_rule("/openapi/openapi.json", "openapi", lambda: _document(app))


def _document(app: OpenAPI) -> Response:
    return Response(jsons.dumps(app.api_doc), mimetype="application/json")
