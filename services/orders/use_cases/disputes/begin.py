"""A dispute begins: by one of the two, by a case that they could not agree on, or by the clock."""

from collections.abc import Sequence
from datetime import datetime

from services.contracts.disputes import DisputeAbout, DisputeState
from services.contracts.orders import InTrouble, Party, Step, Trouble
from services.kernel.db import Tx
from services.kernel.ids import derived_id, new_id
from services.orders import queries, thread
from services.orders.domain.deadlines import paused
from services.orders.domain.dispute import Dispute
from services.orders.domain.doer import Doer
from services.orders.domain.order import Order
from services.orders.domain.wording_disputes import masked, opened_note, opened_text
from services.orders.sagas import engine
from services.orders.sagas.disputes import FREEZE
from services.orders.store import Change, record
from services.orders.use_cases.disputes.rows import insert_dispute


def begin_dispute(
    tx: Tx,
    order: Order,
    opener: Party,
    doer: Doer,
    about: DisputeAbout,
    text: str,
    wanted_fen: int | None,
    photos: Sequence[str],
    now: datetime,
) -> str:
    """Open a dispute over a paid order whose row is held; whatever else was open on it has been
    ended. `freeze_saga_id` of what comes back is to be driven after the commit.

    InTrouble when one is open already.
    """
    if order.trouble is Trouble.DISPUTED:
        raise InTrouble(fields={"trouble": order.trouble.value})
    deal = [order, *_paid_supplements(tx, order)]
    deal_fen = sum(one.amount_fen for one in deal)
    dispute = _new(order, deal_fen, opener, about, text, wanted_fen, photos, now)
    insert_dispute(tx, dispute)
    change = Change(
        order,
        paused(order, Trouble.DISPUTED, now),
        Step.DISPUTE_OPENED,
        doer,
        opened_note(about, text),
    )
    record(tx, [change], now)
    words = opened_text(about, text, wanted_fen)
    thread.say(tx, order.order_id, doer, words, photos, now)
    facts = {"dispute_id": dispute.dispute_id, "order_ids": [one.order_id for one in deal]}
    engine.begin(tx, FREEZE, order.order_id, dispute.dispute_id, facts, now)
    return dispute.dispute_id


def freeze_saga_id(dispute_id: str) -> str:
    """The saga that freezes the money of this dispute."""
    return derived_id("saga", FREEZE.kind, dispute_id)


def _paid_supplements(tx: Tx, order: Order) -> list[Order]:
    if not order.revision:
        return []
    found = (queries.find_order(tx, one) for one in queries.supplements_of(tx, order.order_id))
    return [one for one in found if one and one.paid_at and not one.cancelled_at]


def _new(
    order: Order,
    deal_fen: int,
    opener: Party,
    about: DisputeAbout,
    text: str,
    wanted_fen: int | None,
    photos: Sequence[str],
    now: datetime,
) -> Dispute:
    return Dispute(
        dispute_id=new_id(),
        order_id=order.order_id,
        number=order.number,
        state=DisputeState.FREEZING,
        about=about,
        text=text,
        wanted_fen=wanted_fen,
        photos=list(photos),
        opened_at=now,
        opened_by=opener,
        store_id=order.store_id,
        store_name=order.store_name,
        merchant_id=order.merchant_id,
        household_id=order.household_id,
        community_id=order.community_id,
        resident_name=masked(order.contact_name),
        amount_fen=deal_fen,
        summary=order.summary,
    )
