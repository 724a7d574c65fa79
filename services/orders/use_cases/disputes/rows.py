"""How disputes are written; the order's row is held by whoever does."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import insert, update

from services.contracts.disputes import DisputeCommand, NoSuchDispute
from services.contracts.orders import Party, Step
from services.kernel import outbox
from services.kernel.actor import Actor
from services.kernel.db import Tx
from services.orders import locks
from services.orders.domain.dispute import Dispute
from services.orders.domain.doer import Doer
from services.orders.domain.order import Order
from services.orders.domain.wording import shortened
from services.orders.events import trouble
from services.orders.queries_disputes import find_dispute, seen_by
from services.orders.store import Change, record
from services.orders.tables_disputes import DisputeRow

_FIELDS = [field.name for field in fields(Dispute)]


class Held(NamedTuple):
    """The order's row, ours until commit, and its dispute."""

    order: Order
    dispute: Dispute


def hold(tx: Tx, command: DisputeCommand, actor: Actor) -> Held:
    """The dispute for those who may see it; NoSuchDispute for others."""
    dispute = find_dispute(tx, command.dispute_id)
    if dispute is None or dispute.order_id != command.order_id or not seen_by(actor, dispute):
        raise NoSuchDispute
    return hold_again(tx, dispute)


def hold_again(tx: Tx, seen: Dispute) -> Held:
    """The same as it stands once the order's row is ours."""
    order = locks.order_for_update(tx, seen.order_id)
    dispute = find_dispute(tx, seen.dispute_id)
    if dispute is None:
        raise NoSuchDispute
    return Held(order, dispute)


def insert_dispute(tx: Tx, dispute: Dispute) -> None:
    """A new one."""
    tx.execute(insert(DisputeRow), {name: getattr(dispute, name) for name in _FIELDS})


def write(tx: Tx, before: Dispute, after: Dispute) -> None:
    """What has changed."""
    values: dict[str, Any] = {
        name: getattr(after, name)
        for name in _FIELDS
        if getattr(before, name) != getattr(after, name)
    }
    if values:
        writing = update(DisputeRow).where(DisputeRow.dispute_id == after.dispute_id)
        tx.execute(writing.values(values))


def note(tx: Tx, order: Order, step: Step, doer: Doer, words: str, now: datetime) -> Order:
    """One more entry on the order's timeline."""
    return record(tx, [Change(order, order.noted(), step, doer, shortened(words))], now)[0]


def tell(
    tx: Tx,
    order: Order,
    to: Sequence[Party],
    step: Step,
    words: str,
    deadline_at: datetime | None = None,
) -> None:
    """Tell these sides in one sentence."""
    outbox.emit(tx, trouble(order, to, step, shortened(words), deadline_at))
