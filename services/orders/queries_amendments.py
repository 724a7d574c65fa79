"""Reads of amendments."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, select

from services.contracts.amendments import AmendmentState, AmendmentView, NoSuchAmendment
from services.contracts.orders import OrderState, Party, Trouble
from services.contracts.permissions import Permission
from services.kernel.actor import Actor
from services.kernel.db import Database, Tx
from services.orders.domain.amendment import Amendment, AmendmentAct, amendable
from services.orders.domain.order import Order
from services.orders.settings import Settings
from services.orders.tables import OrderRow
from services.orders.tables_amendments import AmendmentRow

SHOWN_MAX = 50
_ALL = select(AmendmentRow.__table__)
_ONE = _ALL.where(AmendmentRow.amendment_id == bindparam("amendment"))
_OF_ORDER = (
    _ALL.where(AmendmentRow.order_id == bindparam("order"))
    .order_by(AmendmentRow.amendment_id.desc())
    .limit(SHOWN_MAX)
)
_NEWEST = (
    select(AmendmentRow.amendment_id)
    .where(AmendmentRow.order_id == bindparam("order"))
    .order_by(AmendmentRow.amendment_id.desc())
    .limit(1)
)
_OF_SUPPLEMENT = _ALL.where(AmendmentRow.supplement_id == bindparam("supplement"))
_UNPAID = (OrderState.AWAITING_PAYMENT, OrderState.CLOSING)
_VIEW_NAMES = set(AmendmentView.model_fields) & set(Amendment.__dataclass_fields__)


def amendment_from(row: Row[Any]) -> Amendment:
    """The amendment that a whole row is."""
    values = dict(row._mapping)
    return Amendment(**{**values, "state": AmendmentState(values["state"])})


def need_amendment(tx: Tx, order_id: str, amendment_id: str) -> Amendment:
    """The amendment of that order; NoSuchAmendment."""
    row = tx.first(_ONE, {"amendment": amendment_id})
    if row is None or row.order_id != order_id:
        raise NoSuchAmendment
    return amendment_from(row)


def of_order(tx: Tx, order_id: str) -> list[Amendment]:
    """All of an order, newest first."""
    return [amendment_from(row) for row in tx.all(_OF_ORDER, {"order": order_id})]


def open_of(tx: Tx, order_id: str) -> Amendment | None:
    """The one that has not ended: the newest, or none is."""
    amendments = of_order(tx, order_id)
    return amendments[0] if amendments and amendments[0].over_at is None else None


def is_under_way(tx: Tx, order_id: str) -> bool:
    """True when a change was agreed to and is being made, or waits for its difference."""
    amendment = open_of(tx, order_id)
    return amendment is not None and amendment.state is not AmendmentState.PROPOSED


def of_supplement(tx: Tx, supplement_id: str) -> Amendment | None:
    """The amendment whose difference this order pays."""
    row = tx.first(_OF_SUPPLEMENT, {"supplement": supplement_id})
    return None if row is None else amendment_from(row)


def newest(tx: Tx, order_id: str) -> str | None:
    """The newest of the order."""
    row = tx.first(_NEWEST, {"order": order_id})
    return None if row is None else str(row.amendment_id)


def may_amend(
    tx: Tx,
    actor: Actor,
    order: Order,
    parties: list[Party],
    now: datetime,
    _settings: Settings,
) -> list[str]:
    """What the actor can do: amend, answer_amendment, withdraw_amendment."""
    if amendable(order):
        return ["amend"] if _is_store(actor, parties) else []
    if order.trouble is not Trouble.AMENDING:
        return []
    amendment = open_of(tx, order.order_id)
    words = may_of(amendment, actor, parties, now) if amendment else []
    return [word for word in words if word != "pay"]  # the difference is paid as its own order


def may_of(
    amendment: Amendment, actor: Actor, parties: Sequence[Party], now: datetime
) -> list[str]:
    """answer_amendment, withdraw_amendment, pay."""
    words = []
    if amendment.may(AmendmentAct.ACCEPT, Party.RESIDENT) and not amendment.is_lapsed(now):
        if _is_household(actor, parties) and may_answer(amendment, actor):
            words.append("answer_amendment")
        if _is_store(actor, parties):
            words.append("withdraw_amendment")
    waits = amendment.state is AmendmentState.AWAITING_PAYMENT
    in_time = amendment.deadline_at is not None and now < amendment.deadline_at
    payer = Party.RESIDENT in parties and actor.may(Permission.PAYMENT_PAY)
    return [*words, "pay"] if waits and in_time and payer else words


def may_answer(amendment: Amendment, actor: Actor) -> bool:
    """Nobody answers their own proposal, not even a shopkeeper who lives in the household."""
    return amendment.proposed_by_id != actor.account_id


def view_of(
    amendment: Amendment, actor: Actor, parties: Sequence[Party], now: datetime
) -> AmendmentView:
    """The amendment as the actor sees it."""
    facts = {name: getattr(amendment, name) for name in _VIEW_NAMES}
    return AmendmentView.model_validate({**facts, "may": may_of(amendment, actor, parties, now)})


def lapsed(db: Database, now: datetime, limit: int) -> list[tuple[str, str]]:
    """Proposals that nobody has answered in time: the order and the amendment."""
    statement = (
        select(AmendmentRow.order_id, AmendmentRow.amendment_id)
        .where(AmendmentRow.state == AmendmentState.PROPOSED, AmendmentRow.deadline_at <= now)
        .order_by(AmendmentRow.deadline_at)
        .limit(limit)
    )
    with db.reading() as tx:
        return [(row.order_id, row.amendment_id) for row in tx.all(statement)]


def answered_supplements(db: Database, limit: int) -> list[str]:
    """Supplements that were paid or given up, whose amendment still waits for that word."""
    statement = (
        select(OrderRow.order_id)
        .join(AmendmentRow, AmendmentRow.supplement_id == OrderRow.order_id)
        .where(
            AmendmentRow.state == AmendmentState.AWAITING_PAYMENT,
            OrderRow.state.not_in(_UNPAID),
        )
        .limit(limit)
    )
    with db.reading() as tx:
        return [row.order_id for row in tx.all(statement)]


def _is_store(actor: Actor, parties: Sequence[Party]) -> bool:
    return Party.MERCHANT in parties and actor.may(Permission.STORE_ORDER_HANDLE)


def _is_household(actor: Actor, parties: Sequence[Party]) -> bool:
    return Party.RESIDENT in parties and actor.may(Permission.ORDER_AFTER_SALES)
