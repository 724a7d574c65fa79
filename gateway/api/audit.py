"""The audit, as one answer of two services."""

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from flask_openapi3.types import ResponseDict
from pydantic import BaseModel, ConfigDict

from gateway import guard
from gateway.answers import as_json
from gateway.api.operations import SIGNED_IN, query_values
from gateway.auditing import prove_all
from gateway.errors import ErrorBody
from gateway.parts import parts
from services.contracts.settlement import AuditQuery, AuditView

TAGS = [Tag(name="staff")]


class AuditArgs(BaseModel):
    """`with_channels` fetches the channels' own bills as well."""

    model_config = ConfigDict(extra="forbid")

    with_channels: bool = True


def get_audit() -> Response:
    """Prove the books: ledger, channels' bills, and ledger = orders."""
    guard.act()
    question = AuditQuery.model_validate(query_values(AuditQuery))
    return as_json(prove_all(parts().backends, with_channels=question.with_channels))


def register(blueprint: APIBlueprint) -> None:
    """Serve and document the audit."""
    get_audit.__annotations__ = {"query": AuditArgs}
    get_audit.__delay_validate_request__ = True  # type: ignore[attr-defined]
    responses: ResponseDict = {"200": AuditView, "4XX": ErrorBody}
    blueprint.get("/audit", tags=TAGS, security=SIGNED_IN, responses=responses)(get_audit)
