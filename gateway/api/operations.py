"""One HTTP operation on one call: parsed by the contract's own model, answered as its view."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, get_origin

from flask import Response, request
from flask_babel import gettext
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, ConfigDict, Field, create_model

from gateway import guard
from gateway.answers import as_json
from gateway.errors import ErrorBody, IdempotencyKeyMissing
from gateway.fronts import Rpc
from gateway.limits import read_body
from gateway.parts import parts
from gateway.texts import FIELD_TEXTS
from gateway.ui import LANGUAGE_COOKIE
from services.kernel import jsons
from services.kernel.errors import Malformed
from services.kernel.ids import RequestId
from services.kernel.wire import Command, Query

IDEMPOTENCY_HEADER = "Idempotency-Key"
REQUEST_ID = "request_id"
NOT_HERE = FIELD_TEXTS["extra_forbidden"]
SIGNED_IN: list[dict[str, list[Any]]] = [{"session": []}, {"cookie": []}]


class WriteHeader(BaseModel):
    """What each write carries."""

    model_config = ConfigDict(populate_by_name=True)

    idempotency_key: RequestId = Field(
        alias=IDEMPOTENCY_HEADER,
        description="Chosen by the caller; the same key is the same wish, with the first answer.",
    )


@dataclass(frozen=True, slots=True)
class Operation:
    """`rpc` at `method rule`; `public` needs no session."""

    method: str
    rule: str
    rpc: Rpc[Any, Any]
    status: int = 200
    public: bool = False

    @property
    def writes(self) -> bool:
        """Whether it is a command, which needs an idempotency key."""
        return issubclass(self.rpc.question, Command)

    @property
    def in_path(self) -> list[str]:
        """The names of the rule's parameters."""
        return [part.strip("<>") for part in self.rule.split("/") if part.startswith("<")]


def idempotency_key() -> str:
    """The caller's name for this wish; IdempotencyKeyMissing when there is none."""
    key = request.headers.get(IDEMPOTENCY_HEADER, "")
    if not key:
        raise IdempotencyKeyMissing()
    return key


def json_body() -> dict[str, Any]:
    """The JSON object that was sent; an empty body is an empty object."""
    raw = read_body()
    try:
        body = jsons.loads(raw) if raw else {}
    except ValueError as error:
        raise Malformed("the body is not JSON") from error
    if not isinstance(body, dict):
        raise Malformed("the body is a JSON object")
    return body


def query_values(question: type[Query]) -> dict[str, Any]:
    """The query string but for the language; repeated names are lists where the question wants."""
    lists = {
        name for name, info in question.model_fields.items() if get_origin(info.annotation) is list
    }
    args = request.args
    return {
        name: args.getlist(name) if name in lists else args[name]
        for name in args
        if name != LANGUAGE_COOKIE
    }


def question_of(operation: Operation, path: dict[str, str]) -> Query:
    """The contract's own model, from path, body or query string, and header."""
    question = operation.rpc.question
    values = query_values(question) if operation.method == "GET" else json_body()
    implied = dict(path)
    if operation.writes:
        implied[REQUEST_ID] = idempotency_key()
    both = implied.keys() & values.keys()
    if both:
        raise Malformed(fields=dict.fromkeys(both, gettext(NOT_HERE)))
    parsed: Query = question.model_validate({**values, **implied})
    return parsed


def view_of(operation: Operation) -> Callable[..., Response]:
    """The Flask view; its annotations are what the OpenAPI document is made from."""
    enter = guard.act_if_signed_in if operation.public else guard.act

    def view(**path: str) -> Response:
        enter()
        question = question_of(operation, path)
        answer = operation.rpc.bound_to(parts().backends.services)(question)
        return as_json(answer, operation.status)

    view.__name__ = f"{operation.method.lower()}_{operation.rpc.service}_{operation.rpc.method}"
    view.__doc__ = operation.rpc.question.__doc__
    view.__annotations__ = documented(operation)
    # flask-openapi3 would parse for us by its own rules, a second time and slower.
    view.__delay_validate_request__ = True  # type: ignore[attr-defined]
    return view


def documented(operation: Operation) -> dict[str, type[BaseModel]]:
    """header, path, query and body models for the document, cut from the contract's model."""
    models: dict[str, type[BaseModel]] = {}
    rest = set(operation.rpc.question.model_fields) - {REQUEST_ID}
    in_path = set(operation.in_path)
    if operation.writes:
        models["header"] = WriteHeader
    if in_path:
        models["path"] = _cut(operation.rpc.question, "Path", in_path)
    if rest - in_path:
        place = "query" if operation.method == "GET" else "body"
        models[place] = _cut(operation.rpc.question, place.title(), rest - in_path)
    return models


def _cut(question: type[Query], suffix: str, names: set[str]) -> type[BaseModel]:
    fields: dict[str, Any] = {
        name: (info.annotation, info)
        for name, info in question.model_fields.items()
        if name in names
    }
    config = ConfigDict(extra="forbid")
    return create_model(f"{question.__name__}{suffix}", __config__=config, **fields)


def register(blueprint: APIBlueprint, operations: tuple[Operation, ...], tags: list[Tag]) -> None:
    """Serve and document each operation under these tags."""
    for operation in operations:
        document = getattr(blueprint, operation.method.lower())
        document(
            operation.rule,
            summary=_first_line(operation.rpc.question.__doc__),
            tags=tags,
            operation_id=f"{operation.rpc.service}.{operation.rpc.method}",
            security=[] if operation.public else SIGNED_IN,
            responses={str(operation.status): operation.rpc.answer, "4XX": ErrorBody},
        )(view_of(operation))


def _first_line(doc: str | None) -> str:
    return (doc or "").strip().split("\n")[0]
