"""The store proposes: what the shelf says is asked first, then the proposal is kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.contracts.amendments import AmendmentState, AmendmentView, ProposeAmendment
from services.contracts.catalog import ItemQuery, ItemView, SkuLine, SkuLinesView, SkusQuery
from services.contracts.orders import (
    OrderLineView,
    Party,
    SlotNotOffered,
    SlotTaken,
    Step,
    Trouble,
)
from services.kernel import outbox, requests
from services.kernel.actor import Actor
from services.kernel.db import Database, Tx
from services.kernel.errors import Forbidden
from services.kernel.ids import Id, new_id
from services.kernel.rpc_client import Services
from services.kernel.wire import View
from services.orders import appointments, locks, queries
from services.orders.domain.amended_lines import amended, check_changed, check_times, sum_fen
from services.orders.domain.amendment import Amendment, check_amendable
from services.orders.domain.deadlines import paused
from services.orders.domain.order import Order
from services.orders.domain.slots import slot_until
from services.orders.domain.wording_amendments import proposal_note, proposal_words
from services.orders.events import trouble
from services.orders.settings import Settings
from services.orders.standing import doer_of, parties_of
from services.orders.store import Change, record
from services.orders.use_cases.amendments.rows import insert_amendment
from services.orders.use_cases.amendments.see import amendment_view
from services.orders.views import line_views


@dataclass(frozen=True, slots=True)
class Shelf:
    """What catalog says: the SKUs that are wished, and the kind of goods of the first."""

    skus: Mapping[str, SkuLine]
    category: str


class Proposed(View):
    """What a repeat finds."""

    amendment_id: Id


def propose_amendment(
    db: Database,
    services: Services,
    command: ProposeAmendment,
    actor: Actor,
    now: datetime,
    settings: Settings,
) -> AmendmentView:
    """The proposal, for the resident to answer; a repeat shows it as it stands.

    WrongState, InTrouble or HandingOver when it is not the time; NothingAmended; what is wrong
    with the lines or the times.
    """
    with db.reading() as tx:
        order = queries.need_order(tx, command.order_id)
        _need_store(actor, order)
        before = line_views(queries.lines_of(tx, order.order_id, order.revision))
    shelf = _ask_catalog(services, command, before)
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, Proposed, by=actor.account_id) as claim,
    ):
        if claim.answer is None:
            claim.answer = _propose(tx, command, actor, shelf, now, settings)
        proposed = claim.answer
    return amendment_view(db, command.order_id, proposed.amendment_id, actor, now)


def _need_store(actor: Actor, order: Order) -> None:
    if Party.MERCHANT not in parties_of(actor, order):
        raise Forbidden("only the store proposes changes")


def _ask_catalog(
    services: Services, command: ProposeAmendment, before: list[OrderLineView]
) -> Shelf:
    wanted = [line.sku_id for line in command.lines]
    if command.slot_from:
        wanted.append(before[0].sku_id)
    if not wanted:
        return Shelf({}, "")
    question = SkusQuery(sku_ids=list(dict.fromkeys(wanted)))
    found: SkuLinesView = services.catalog.skus(question, answer=SkuLinesView, deadline_ms=1500)
    skus = {line.sku_id: line for line in found.lines}
    first = next((skus[sku_id].item_id for sku_id in wanted if sku_id in skus), None)
    return Shelf(skus, _category(services, first) if first and command.lines else "")


def _category(services: Services, item_id: str) -> str:
    item: ItemView = services.catalog.item(
        ItemQuery(item_id=item_id), answer=ItemView, deadline_ms=1500
    )
    return item.category


def _propose(
    tx: Tx,
    command: ProposeAmendment,
    actor: Actor,
    shelf: Shelf,
    now: datetime,
    settings: Settings,
) -> Proposed:
    order = locks.order_for_update(tx, command.order_id)
    check_amendable(order)
    amendment = _amendment(tx, order, command, actor, shelf, now, settings)
    insert_amendment(tx, amendment)
    doer = doer_of(actor, Party.MERCHANT, command.client)
    note = proposal_note(order, amendment)
    open_ = paused(order, Trouble.AMENDING, now)
    told = record(tx, [Change(order, open_, Step.AMENDMENT_PROPOSED, doer, note)], now)[0]
    words = proposal_words(order, amendment)
    step = Step.AMENDMENT_PROPOSED
    outbox.emit(tx, trouble(told, [Party.RESIDENT], step, words, amendment.deadline_at))
    return Proposed(amendment_id=amendment.amendment_id)


def _amendment(
    tx: Tx,
    order: Order,
    command: ProposeAmendment,
    actor: Actor,
    shelf: Shelf,
    now: datetime,
    settings: Settings,
) -> Amendment:
    before = line_views(queries.lines_of(tx, order.order_id, order.revision))
    after = amended(order, before, command.lines, shelf.skus)
    check_times(order, command.deliver_after, command.slot_from, now)
    check_changed(order, before, after, command.deliver_after, command.slot_from)
    slot = _slot(tx, order, command, before, shelf, now)
    return Amendment(
        amendment_id=new_id(),
        order_id=order.order_id,
        state=AmendmentState.PROPOSED,
        note=command.note,
        proposed_at=now,
        proposed_by=actor.name,
        proposed_by_id=actor.account_id,
        deadline_at=_answer_by(command, now, settings),
        before=[line.model_dump(mode="json") for line in before],
        after=[line.model_dump(mode="json") for line in after],
        before_fen=order.agreed_fen,
        after_fen=sum_fen(after),
        category=shelf.category,
        deliver_after=_unless(order.deliver_after, command.deliver_after),
        slot_from=slot.starts_at,
        slot_until=slot.until,
        slot_capacity=slot.capacity,
        given_back={},
    )


def _answer_by(command: ProposeAmendment, now: datetime, settings: Settings) -> datetime:
    """A time that has passed is not agreed to any more."""
    wished = [at for at in (command.deliver_after, command.slot_from) if at and at > now]
    return min([now + timedelta(seconds=settings.amendment_answer_s), *wished])


def _unless(present: datetime | None, wished: datetime | None) -> datetime | None:
    return None if wished == present else wished


@dataclass(frozen=True, slots=True)
class _Slot:
    """Another time, or none."""

    starts_at: datetime | None = None
    until: datetime | None = None
    capacity: int = 1


def _slot(
    tx: Tx,
    order: Order,
    command: ProposeAmendment,
    before: list[OrderLineView],
    shelf: Shelf,
    now: datetime,
) -> _Slot:
    """SlotNotOffered, or SlotTaken when it is full now; whoever says yes books it."""
    starts_at = command.slot_from
    if starts_at is None or starts_at == order.slot_from:
        return _Slot()
    sku = shelf.skus.get(before[0].sku_id)
    if sku is None or not sku.slot_minutes:
        raise SlotNotOffered("no appointments any more", fields={"starts_at": "not offered"})
    until = slot_until(starts_at, sku.slot_minutes, now)
    booked = appointments.taken(tx, sku.item_id, starts_at, starts_at + timedelta(seconds=1))
    if sum(count for _, count in booked) >= sku.slot_capacity:
        raise SlotTaken("somebody was faster", fields={sku.sku_id: starts_at.isoformat()})
    return _Slot(starts_at, until, sku.slot_capacity)
