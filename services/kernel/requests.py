"""Idempotent commands by a claim, not by a look.

The first statement of the transaction inserts (request_id, command, body hash). A rival with the
same key waits on it; when the first commits, the rival finds the answer; when the first rolls back,
the rival is the first. The same id with another body, or from another account, is a Conflict.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

from pydantic import BaseModel
from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from services.kernel import clock, jsons
from services.kernel.db import Tx, is_duplicate
from services.kernel.errors import Conflict
from services.kernel.schema import REQUEST
from services.kernel.wire import Command, View

Answer = TypeVar("Answer", bound=View)

_INSERT = insert(REQUEST)
_FIND = select(REQUEST.c.body_sha256, REQUEST.c.answer).where(
    REQUEST.c.request_id == bindparam("request"), REQUEST.c.command == bindparam("name")
)
_STORE = (
    update(REQUEST)
    .where(REQUEST.c.request_id == bindparam("request"), REQUEST.c.command == bindparam("name"))
    .values(answer=bindparam("stored"))
)


class RequestConflict(Conflict):
    """This request_id was used before for something else."""

    code = "request.id_reused"


class Claim(Generic[Answer]):
    """`answer` is the earlier answer, or None when this is the first time: then set it."""

    def __init__(self, answer: Answer | None) -> None:
        self.answer = answer


def body_hash(command: Command, by: str) -> str:
    """The SHA-256 of what is wished and by whom, without the request_id."""
    body = command.model_dump(mode="json", exclude={"request_id"})
    return hashlib.sha256(by.encode() + b"\0" + jsons.dumps_canonical(body)).hexdigest()


@contextmanager
def claimed(
    tx: Tx, command: Command, answer_type: type[Answer], *, by: str
) -> Iterator[Claim[Answer]]:
    """Claim the request; on leaving, what was put into `claim.answer` is kept for a repeat."""
    claim = Claim(_insert_or_find(tx, command, answer_type, by, None))
    first_time = claim.answer is None
    yield claim
    if first_time:
        if claim.answer is None:
            raise RuntimeError(f"{type(command).__name__} was claimed and not answered")
        tx.execute(
            _STORE,
            {
                "request": command.request_id,
                "name": type(command).__name__,
                "stored": _serialised(claim.answer),
            },
        )


def claim_answered(tx: Tx, command: Command, answer: Answer, *, by: str) -> Answer | None:
    """Claim and answer in one statement, where the answer is known before anything is written.

    None: this is the first time, go on. Else the answer that was given then.
    """
    return _insert_or_find(tx, command, type(answer), by, _serialised(answer))


def _serialised(answer: BaseModel) -> bytes:
    return jsons.dumps(answer.model_dump(mode="json"))


def _insert_or_find(
    tx: Tx, command: Command, answer_type: type[Answer], by: str, answer: bytes | None
) -> Answer | None:
    name = type(command).__name__
    digest = body_hash(command, by)
    try:
        tx.execute(
            _INSERT,
            {
                "request_id": command.request_id,
                "command": name,
                "body_sha256": digest,
                "answer": answer,
                "created_at": clock.now(),
            },
        )
        return None
    except IntegrityError as error:
        if not is_duplicate(error):
            raise
    row = tx.first(_FIND, {"request": command.request_id, "name": name})
    if row is None or row.body_sha256 != digest:
        raise RequestConflict(f"request_id {command.request_id} was used for something else")
    return answer_type.model_validate_json(row.answer)
