"""The same act on several rows: first a preview of what will change, then each row for itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Response, g, request

from gateway.errors import message_of
from gateway.pages import KEY_FIELD, draw
from services.kernel.errors import Malformed, NotSignedIn, Refused, Unavailable
from services.kernel.ids import derived_id

ROWS_MAX = 50


@dataclass(frozen=True, slots=True)
class Row:
    """One row as the preview shows it."""

    id: str
    words: str
    amount_fen: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one row: done, refused (why), or not known yet."""

    row: Row
    tone: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Act:
    """What is to be done with each row, and what it is called."""

    title: str
    button: str
    warning: str
    back: str
    here: str
    see: Callable[[str], Row]
    do: Callable[[str, str], object]
    """Takes the row's id and its own request id."""


def chosen_ids() -> list[str]:
    """The rows that were ticked; Malformed when there are none, or too many."""
    ids = list(dict.fromkeys(request.form.getlist("id")))
    if not 1 <= len(ids) <= ROWS_MAX:
        raise Malformed(f"between 1 and {ROWS_MAX} rows")
    return ids


def act_on_chosen(act: Act) -> Response:
    """The preview; or, when it was agreed to, what came of each row. Sending it again is safe."""
    rows = [act.see(row_id) for row_id in chosen_ids()]
    if request.form.get("sure") != "1":
        return Response(_drawn(act, rows=rows, outcomes=[]))
    outcomes = [_outcome(act, row) for row in rows]
    g.outcome_unknown = any(outcome.tone == "wait" for outcome in outcomes)
    left = [outcome.row for outcome in outcomes if outcome.tone == "wait"]
    return Response(_drawn(act, rows=left, outcomes=outcomes))


def _outcome(act: Act, row: Row) -> Outcome:
    try:
        act.do(row.id, derived_id("chosen", request.form.get(KEY_FIELD, ""), row.id))
    except NotSignedIn:
        raise
    except Refused as error:
        return Outcome(row, "bad", message_of(error))
    except Unavailable as error:
        return Outcome(row, "wait", message_of(error))
    return Outcome(row, "done")


def _drawn(act: Act, *, rows: Sequence[Row], outcomes: Sequence[Outcome]) -> str:
    context: dict[str, Any] = {"act": act, "rows": rows, "outcomes": outcomes}
    return draw(
        "console/money/chosen.html", total_fen=sum(row.amount_fen for row in rows), **context
    )
