"""How an amendment ends without a change: refused, withdrawn, lapsed, or not possible."""

from collections.abc import Sequence
from datetime import datetime

from services.contracts.amendments import AmendmentState, AmendmentView, WithdrawAmendment
from services.contracts.orders import InTrouble, Party, Step, Trouble
from services.kernel import outbox, requests
from services.kernel.actor import Actor
from services.kernel.db import Database, Tx
from services.kernel.errors import Forbidden
from services.kernel.wire import Done
from services.orders import locks
from services.orders.domain.amendment import Amendment, AmendmentAct
from services.orders.domain.doer import SYSTEM, Doer
from services.orders.domain.order import Order
from services.orders.domain.wording_amendments import WHY_DISPUTED, WHY_EXPIRED, WHY_WITHDRAWN
from services.orders.ending import calm
from services.orders.events import trouble
from services.orders.queries_amendments import lapsed, need_amendment, open_of
from services.orders.settings import Settings
from services.orders.standing import doer_of, parties_of
from services.orders.store import Change, record
from services.orders.use_cases.amendments.rows import keep_amendment
from services.orders.use_cases.amendments.see import amendment_view

BOTH = (Party.RESIDENT, Party.MERCHANT)


def withdraw_amendment(
    db: Database, command: WithdrawAmendment, actor: Actor, now: datetime, settings: Settings
) -> AmendmentView:
    """The store takes its proposal back; WrongState once it is answered."""
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, Done, by=actor.account_id) as claim,
    ):
        if claim.answer is None:
            order = locks.order_for_update(tx, command.order_id)
            amendment = need_amendment(tx, command.order_id, command.amendment_id)
            if Party.MERCHANT not in parties_of(actor, order):
                raise Forbidden("only the store takes its proposal back")
            doer = doer_of(actor, Party.MERCHANT, command.client)
            after = amendment.over(AmendmentAct.WITHDRAW, doer.party, WHY_WITHDRAWN, now)
            go_on(tx, order, amendment, after, doer, [Party.RESIDENT], now, settings)
            claim.answer = Done()
    return amendment_view(db, command.order_id, command.amendment_id, actor, now)


def withdraw_open(tx: Tx, order: Order, now: datetime, why: str = WHY_DISPUTED) -> Order:
    """A dispute, or `why` else, takes over: an open proposal is gone, and the order is free for it.

    InTrouble when the change was agreed to and is under way.
    """
    amendment = open_of(tx, order.order_id)
    if amendment is None:
        return order
    if amendment.state is not AmendmentState.PROPOSED:
        raise InTrouble("an amendment is under way", fields={"trouble": order.trouble.value})
    after = amendment.over(AmendmentAct.WITHDRAW, Party.SYSTEM, why, now)
    return _tell(tx, order, amendment, after, SYSTEM, now)


def expire_proposals(db: Database, now: datetime, settings: Settings) -> None:
    """What nobody answers lapses, each in its own transaction."""
    for order_id, amendment_id in lapsed(db, now, settings.sweep_batch):
        with db.transaction() as tx:
            order = locks.order_for_update(tx, order_id)
            amendment = need_amendment(tx, order_id, amendment_id)
            if amendment.is_lapsed(now):
                after = amendment.over(AmendmentAct.EXPIRE, Party.SYSTEM, WHY_EXPIRED, now)
                go_on(tx, order, amendment, after, SYSTEM, BOTH, now, settings)


def go_on(
    tx: Tx,
    order: Order,
    amendment: Amendment,
    after: Amendment,
    doer: Doer,
    to: Sequence[Party],
    now: datetime,
    settings: Settings,
) -> Order:
    """It is over, `to` hear it, and the order goes on as it was."""
    freed = _tell(tx, order, amendment, after, doer, now)
    words = trouble(freed, to, Step.AMENDMENT_OVER, after.why_over)
    outbox.emit(tx, words)
    return calm(tx, freed, now, settings.limits)


def _tell(
    tx: Tx, order: Order, amendment: Amendment, after: Amendment, doer: Doer, now: datetime
) -> Order:
    keep_amendment(tx, amendment, after)
    free = order.in_trouble(Trouble.NONE)
    change = Change(order, free, Step.AMENDMENT_OVER, doer, after.why_over)
    return record(tx, [change], now)[0]
