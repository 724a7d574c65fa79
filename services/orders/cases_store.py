"""How cases are written: under the lock of their order, which holds off every rival.

Each function runs in the caller's transaction, with the order's row locked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import insert, update

from services.contracts.after_sales import NoSuchCase
from services.contracts.orders import NotYourOrder, Party, Step
from services.kernel import outbox
from services.kernel.db import Tx
from services.orders import ending, locks
from services.orders.domain.case import CASE_LIMIT_NAMES, Case
from services.orders.domain.doer import Doer
from services.orders.domain.order import Order
from services.orders.domain.wording import shortened
from services.orders.events import trouble
from services.orders.queries_cases import find_case
from services.orders.settings import Settings
from services.orders.store import Change, record
from services.orders.tables_cases import CaseRow

BOTH = (Party.RESIDENT, Party.MERCHANT)
_FIELDS = [field.name for field in fields(Case)]
_INSERT = insert(CaseRow)


class Held(NamedTuple):
    """An order whose row is ours until commit, and its case as it now stands."""

    order: Order
    case: Case


def hold(tx: Tx, order_id: str, case_id: str) -> Held:
    """NoSuchCase when there is no such order either: which of the two is missing nobody hears."""
    try:
        order = locks.order_for_update(tx, order_id)
    except NotYourOrder:
        raise NoSuchCase from None
    case = find_case(tx, case_id)
    if case is None or case.order_id != order_id:
        raise NoSuchCase
    return Held(order, case)


def insert_case(tx: Tx, case: Case) -> None:
    """A new one."""
    tx.execute(_INSERT, {name: getattr(case, name) for name in _FIELDS})


def keep_case(tx: Tx, before: Case, after: Case) -> None:
    """Write what has changed."""
    values = {
        name: getattr(after, name)
        for name in _FIELDS
        if getattr(before, name) != getattr(after, name)
    }
    if values:
        tx.execute(update(CaseRow).where(CaseRow.case_id == after.case_id).values(values))


def tell(
    tx: Tx,
    held: Held,
    step: Step,
    doer: Doer,
    words: str,
    to: Sequence[Party],
    now: datetime,
) -> Order:
    """One more entry on the order's timeline, and the same words to `to`."""
    order, case = held
    note = shortened(words)
    told = record(tx, [Change(order, order.noted(), step, doer, note)], now)[0]
    outbox.emit(tx, trouble(told, to, step, note, case.deadline_at))
    return told


def close(
    tx: Tx,
    held: Held,
    doer: Doer,
    words: str,
    now: datetime,
    settings: Settings,
    step: Step = Step.CASE_CLOSED,
) -> Order:
    """The case is over, both hear it, and the order goes on."""
    told = tell(tx, held, step, doer, words, BOTH, now)
    return ending.calm(tx, told, now, settings.limits)


def case_seconds(settings: Settings) -> Mapping[str, int]:
    """The seconds of `domain/case.py`, by name."""
    return {name: getattr(settings, name) for name in CASE_LIMIT_NAMES}
