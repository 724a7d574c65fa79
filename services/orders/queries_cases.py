"""Reads of after-sales cases."""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, bindparam, or_, select
from ulid import ULID

from services.contracts.after_sales import CaseKind, CaseState, NoSuchCase
from services.contracts.orders import Party, PickedLine, RefundTo, Trouble
from services.contracts.permissions import Permission
from services.kernel.actor import Actor
from services.kernel.db import Database, Tx
from services.kernel.errors import Malformed
from services.orders import queries, queries_amendments
from services.orders.domain.case import CASE_LIMITS, OPEN_CASES, Case
from services.orders.domain.claim import Bought, Gone, fitting_kinds, left_of, over_at
from services.orders.domain.order import Order
from services.orders.queries_disputes import is_settled
from services.orders.settings import Settings
from services.orders.tables_cases import CaseRow

TEXT_SEARCH_WITHIN = timedelta(days=90)
"""What was said has no index: it is looked for among the cases of this time only."""

_FIELDS = [field.name for field in fields(Case)]
_ID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")
_ALL = select(CaseRow.__table__)
_ONE = _ALL.where(CaseRow.case_id == bindparam("case"))
_OF_ORDER = _ALL.where(CaseRow.order_id == bindparam("order")).order_by(CaseRow.case_id)
_NEWEST = (
    select(CaseRow.case_id)
    .where(CaseRow.order_id == bindparam("order"))
    .order_by(CaseRow.case_id.desc())
    .limit(1)
)
_ORDERS_OF = select(CaseRow.case_id, CaseRow.order_id).where(
    CaseRow.case_id.in_(bindparam("cases", expanding=True))
)
_DUE = (
    select(CaseRow.case_id, CaseRow.order_id)
    .where(CaseRow.state.in_(list(CASE_LIMITS)), CaseRow.deadline_at <= bindparam("now"))
    .order_by(CaseRow.deadline_at)
    .limit(bindparam("batch"))
)


def case_from(row: Row[Any]) -> Case:
    """The case that a whole row of `order_case` is."""
    values = {name: row._mapping[name] for name in _FIELDS}
    values["kind"] = CaseKind(values["kind"])
    values["state"] = CaseState(values["state"])
    values["refund_to"] = RefundTo(values["refund_to"])
    return Case(**values)


def find_case(tx: Tx, case_id: str) -> Case | None:
    """The case, or None."""
    row = tx.first(_ONE, {"case": case_id})
    return None if row is None else case_from(row)


def need_case(tx: Tx, case_id: str) -> Case:
    """The case; NoSuchCase when there is none."""
    case = find_case(tx, case_id)
    if case is None:
        raise NoSuchCase
    return case


def newest(tx: Tx, order_id: str) -> str | None:
    """The newest of the order, open or not."""
    row = tx.first(_NEWEST, {"order": order_id})
    return None if row is None else str(row.case_id)


def cases_of(tx: Tx, order_id: str) -> list[Case]:
    """All of an order, the oldest first."""
    return [case_from(row) for row in tx.all(_OF_ORDER, {"order": order_id})]


def open_case_of(tx: Tx, order_id: str) -> Case | None:
    """The one that the order waits for."""
    return next((case for case in cases_of(tx, order_id) if case.state in OPEN_CASES), None)


def orders_of_cases(tx: Tx, ids: Collection[str]) -> dict[str, str]:
    """Of those ids that are cases': the order of each. For what delivery says of replacements."""
    if not ids:
        return {}
    return {row.case_id: row.order_id for row in tx.all(_ORDERS_OF, {"cases": list(ids)})}


def cases_due(db: Database, now: datetime, batch: int) -> list[tuple[str, str]]:
    """Cases whose time is over, with their orders, the oldest first."""
    with db.reading() as tx:
        rows = tx.all(_DUE, {"now": now, "batch": batch})
    return [(row.case_id, row.order_id) for row in rows]


def bought(tx: Tx, order: Order) -> dict[str, Bought]:
    """What is agreed now, by SKU."""
    rows = {row.line_no: row for row in queries.lines_of(tx, order.order_id, order.revision)}
    return {
        row.sku_id: Bought(row.item_name, row.quantity, row.price_fen, row.amount_fen)
        for row in rows.values()
    }


def at_hand(tx: Tx, order: Order, goods: Mapping[str, Bought]) -> dict[str, int]:
    """What the resident has: handed out so far, and not brought back."""
    have = {sku: line.quantity for sku, line in goods.items()}
    if order.picked_at and order.completed_at is None:
        have = dict.fromkeys(goods, 0)
        for pickup in queries.pickups_of(tx, order.order_id):
            _add(have, pickup.lines, 1)
    for case in cases_of(tx, order.order_id) if order.beside else []:
        if case.kind is CaseKind.RETURN and case.taken_back_at:
            _add(have, [PickedLine.model_validate(line) for line in case.lines], -1)
    return have


def _add(have: dict[str, int], lines: Sequence[PickedLine], sign: int) -> None:
    for line in lines:
        have[line.sku_id] = have.get(line.sku_id, 0) + sign * line.quantity


def given(tx: Tx, order: Order) -> dict[str, int]:
    """What the cases of a deal have asked back so far, of the order and each supplement."""
    back: Counter[str] = Counter()
    for case in cases_of(tx, order.order_id) if order.beside else []:
        back.update(case.back)
    return dict(back)


def gone(tx: Tx, order: Order) -> Gone:
    """What has been asked back of the order and each supplement, by whatever both have agreed."""
    if not order.beside:
        return Gone()
    by_cases = given(tx, order)
    in_all = Counter(by_cases)
    for amendment in queries_amendments.of_order(tx, order.order_id):
        in_all.update(amendment.given_back)
    return Gone(by_cases, in_all)


def may_case(
    tx: Tx, actor: Actor, order: Order, parties: list[Party], now: datetime, settings: Settings
) -> list[str]:
    """open_case, where any kind of it fits; one statement at most."""
    if Party.RESIDENT not in parties or not actor.may(Permission.ORDER_AFTER_SALES):
        return []
    until = over_at(order, timedelta(seconds=settings.claim_within_s))
    in_time = until is None or now <= until
    calm = order.trouble is Trouble.NONE and order.supplement_of is None
    fits = calm and in_time and left_of(order, Gone()) > 0 and fitting_kinds(order)
    if not fits or (order.beside and is_settled(tx, order.order_id)):
        return []
    return ["open_case"]


def page(tx: Tx, where: Sequence[ColumnElement[bool]], after: str | None, limit: int) -> list[Case]:
    """Newest first: ids sort by time. One more than `limit` when there is a next page."""
    statement = _ALL.where(*where).order_by(CaseRow.case_id.desc()).limit(limit + 1)
    if after:
        statement = statement.where(CaseRow.case_id < _checked(after))
    return [case_from(row) for row in tx.all(statement)]


def matches(text: str, now: datetime) -> list[ColumnElement[bool]]:
    """An order's number, an id of a case or an order, else part of what was said or of a store."""
    text = text.strip().removeprefix("#")
    if not text:
        return []
    if re.fullmatch(r"[0-9]{6}", text):
        return [CaseRow.number == text]
    if _ID.fullmatch(text):
        return [or_(CaseRow.case_id == text, CaseRow.order_id == text)]
    return [
        CaseRow.case_id >= str(ULID.from_datetime(now - TEXT_SEARCH_WITHIN)),
        or_(
            CaseRow.reason.contains(text, autoescape=True),
            CaseRow.store_name.contains(text, autoescape=True),
        ),
    ]


def _checked(after: str) -> str:
    if not _ID.fullmatch(after):
        raise Malformed(fields={"after": "not a page's next_after"})
    return after
