"""Rulings that others can learn from: found by their words, the best fit first.

A text is cut into words of letters and digits, and into each two Chinese characters that stand
beside each other; how many different ones a precedent shares with a question is its rank. That
needs no dictionary, and finds 破损 in 包装破损了 by an index.
"""

import re
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, insert, or_, select

from services.contracts.disputes import DisputeAbout, PrecedentsQuery, PrecedentView
from services.contracts.permissions import Permission
from services.kernel.actor import Actor
from services.kernel.db import Database, Tx
from services.kernel.errors import Malformed
from services.kernel.wire import Page
from services.orders.domain.dispute import Dispute
from services.orders.domain.order import Order
from services.orders.domain.wording_disputes import ABOUT, without_names
from services.orders.queries import checked_id
from services.orders.tables_disputes import PrecedentRow, PrecedentTermRow

ALIKE_MAX = 5
TERM_LETTERS_MAX = 20
TERMS_KEPT_MAX = 600
TERMS_ASKED_MAX = 60
_RUNS = re.compile(r"[a-z0-9]+|[\u3400-\u9fff]+")
_HITS = func.count().label("hits")


def terms_of(texts: Iterable[str], limit: int) -> list[str]:
    """Different terms in the order in which they come, at most `limit`."""
    found: dict[str, None] = {}
    for text in texts:
        for run in _RUNS.findall(text.lower()):
            found.update(dict.fromkeys(_terms_of_run(run)))
    return list(found)[:limit]


def _terms_of_run(run: str) -> list[str]:
    if run.isascii():
        return [run[:TERM_LETTERS_MAX]]
    return [run[i : i + 2] for i in range(len(run) - 1)] or [run]


def index(tx: Tx, dispute: Dispute, order: Order, now: datetime) -> None:
    """Keep a ruling that was carried out, without the names of its two sides."""
    names = {
        order.contact_name: "住户",
        order.placed_by_name: "住户",
        order.store_name: "商家",
        order.handled_by: "商家",
        order.courier_name: "配送员",
    }
    story = without_names(dispute.precedent, names)
    reason = without_names(dispute.split.reason, names)
    tx.execute(
        insert(PrecedentRow),
        {
            "dispute_id": dispute.dispute_id,
            "about": dispute.about,
            "amount_fen": dispute.amount_fen,
            "to_resident_fen": dispute.outcome_fen or 0,
            "reason": reason,
            "story": story,
            "ruled_at": now,
        },
    )
    claim = without_names(dispute.text, names)
    texts = [ABOUT[dispute.about], dispute.summary, story, reason, claim]
    terms = terms_of(texts, TERMS_KEPT_MAX)
    rows = [{"term": term, "dispute_id": dispute.dispute_id} for term in terms]
    tx.execute(insert(PrecedentTermRow), rows)


def alike(tx: Tx, dispute: Dispute) -> list[PrecedentView]:
    """The rulings that fit this dispute best, itself left out."""
    texts = [dispute.summary, dispute.text, ABOUT[dispute.about]]
    terms = terms_of(texts, TERMS_ASKED_MAX)
    statement = _ranked(terms, [PrecedentRow.dispute_id != dispute.dispute_id])
    return [_view(row) for row in tx.all(statement.limit(ALIKE_MAX))]


def search(db: Database, query: PrecedentsQuery, actor: Actor) -> Page[PrecedentView]:
    """With words the best fit first, without them the newest; for mediators."""
    actor.need(Permission.ORDER_MEDIATE)
    where: list[ColumnElement[bool]] = []
    if query.about is not None:
        where.append(PrecedentRow.about == query.about)
    terms = terms_of([query.text], TERMS_ASKED_MAX)
    if query.text.strip() and not terms:
        return Page(items=[])
    with db.reading() as tx:
        if terms:
            return _page_by_rank(tx, terms, where, query)
        return _page_by_time(tx, where, query)


def _page_by_rank(
    tx: Tx, terms: Collection[str], where: list[ColumnElement[bool]], query: PrecedentsQuery
) -> Page[PrecedentView]:
    statement = _ranked(terms, where)
    if query.after:
        count, _, after_id = query.after.partition(".")
        if not (count.isascii() and count.isdigit() and len(count) <= 3):
            raise Malformed(fields={"after": "not a page's next_after"})
        older = PrecedentRow.dispute_id < checked_id(after_id)
        same = and_(_HITS.in_([int(count)]), older)
        statement = statement.having(or_(_HITS.between(0, int(count) - 1), same))
    rows = tx.all(statement.limit(query.limit + 1))
    return _page(rows, query.limit, lambda row: f"{row.hits}.{row.dispute_id}")


def _page_by_time(
    tx: Tx, where: list[ColumnElement[bool]], query: PrecedentsQuery
) -> Page[PrecedentView]:
    statement = select(PrecedentRow.__table__).where(*where)
    if query.after:
        statement = statement.where(PrecedentRow.dispute_id < checked_id(query.after))
    ordered = statement.order_by(PrecedentRow.dispute_id.desc()).limit(query.limit + 1)
    return _page(tx.all(ordered), query.limit, lambda row: row.dispute_id)


def _ranked(terms: Collection[str], where: list[ColumnElement[bool]]) -> Select[Any]:
    return (
        select(PrecedentRow.__table__, _HITS)
        .join(PrecedentTermRow, PrecedentTermRow.dispute_id == PrecedentRow.dispute_id)
        .where(PrecedentTermRow.term.in_(terms), *where)
        .group_by(PrecedentRow.dispute_id)
        .order_by(_HITS.desc(), PrecedentRow.dispute_id.desc())
    )


def _page(rows: list[Row[Any]], limit: int, key: Any) -> Page[PrecedentView]:
    shown = rows[:limit]
    more = len(rows) > limit
    return Page(items=[_view(row) for row in shown], next_after=key(shown[-1]) if more else None)


def _view(row: Row[Any]) -> PrecedentView:
    return PrecedentView.model_validate({**row._mapping, "about": DisputeAbout(row.about)})
