"""A resident asks: to call off what is being made, for money back, a return, an exchange."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from services.contracts.after_sales import CaseKind, CaseState, CaseView, OpenCase
from services.contracts.catalog import SkuLine, SkuLinesView, SkusQuery
from services.contracts.orders import (
    HandingOver,
    InTrouble,
    NotYourOrder,
    Party,
    PickedLine,
    Step,
    Trouble,
)
from services.kernel import outbox, requests
from services.kernel.actor import Actor
from services.kernel.db import Database, Tx
from services.kernel.errors import Malformed
from services.kernel.files import FileStore
from services.kernel.ids import Id, new_id
from services.kernel.rpc_client import Services
from services.kernel.wire import View
from services.orders import locks, queries, queries_cases, thread
from services.orders.cases_store import case_seconds, insert_case
from services.orders.domain.case import Case, case_timed
from services.orders.domain.claim import (
    Bought,
    amount_of,
    check_fits,
    check_lines,
    check_replacement,
    everything,
    left_of_deal,
)
from services.orders.domain.deadlines import paused
from services.orders.domain.order import Order
from services.orders.domain.wording import summary_of
from services.orders.domain.wording_cases import opened_note
from services.orders.events import trouble
from services.orders.queries_disputes import is_settled
from services.orders.settings import Settings
from services.orders.standing import doer_of
from services.orders.store import Change, record
from services.orders.use_cases.cases.show_cases import case_view

Offers = Mapping[str, SkuLine]


class CaseOpened(View):
    """What a repeat is answered with."""

    case_id: Id


def open_case(
    db: Database,
    services: Services,
    files: FileStore,
    command: OpenCase,
    actor: Actor,
    now: datetime,
    settings: Settings,
) -> CaseView:
    """The order waits for the store's answer; a repeat shows the case as it stands.

    Errors: NotForThisOrder, TooLate, MoreThanPaid, NotThatMany, InTrouble while anything else is
    open, HandingOver while a courier is being asked to take what is to be called off.
    """
    with db.reading() as tx:
        _need_resident(queries.need_order(tx, command.order_id), actor)
    if command.replacement and command.kind is not CaseKind.EXCHANGE:
        raise Malformed(fields={"replacement": "only for an exchange"})
    offers = _offers(services, command)
    photos = thread.claim_photos(files, command.photos)
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, CaseOpened, by=actor.account_id) as claim,
    ):
        if claim.answer is None:
            case_id = _open(tx, command, actor, photos, offers, now, settings)
            claim.answer = CaseOpened(case_id=case_id)
        case_id = claim.answer.case_id
    return case_view(db, case_id, actor, now)


def _need_resident(order: Order, actor: Actor) -> None:
    """A supplement is spoken of through its main order."""
    if not actor.role_in(order.household_id) or order.supplement_of:
        raise NotYourOrder


def _offers(services: Services, command: OpenCase) -> Offers:
    if not command.replacement:
        return {}
    query = SkusQuery(sku_ids=list({line.sku_id for line in command.replacement}))
    found: SkuLinesView = services.catalog.skus(query, answer=SkuLinesView, deadline_ms=1500)
    return {line.sku_id: line for line in found.lines}


def _open(
    tx: Tx,
    command: OpenCase,
    actor: Actor,
    photos: list[str],
    offers: Offers,
    now: datetime,
    settings: Settings,
) -> str:
    deal = locks.deal_for_update(tx, command.order_id)
    order = deal[0]
    _need_resident(order, actor)
    if order.trouble is not Trouble.NONE:
        raise InTrouble("something else is open", fields={"trouble": order.trouble.value})
    decided = order.beside and is_settled(tx, order.order_id)
    within = timedelta(seconds=settings.claim_within_s)
    check_fits(order, command.kind, now, within, decided=decided)
    if command.kind is CaseKind.CANCEL and order.asked_courier_id:
        raise HandingOver
    left_fen = left_of_deal(deal, queries_cases.gone(tx, order))
    case = _case(tx, order, command, actor, photos, offers, left_fen, now)
    case = case_timed(case, now, case_seconds(settings))
    insert_case(tx, case)
    _say(tx, order, case, command, actor, now)
    return case.case_id


def _say(tx: Tx, order: Order, case: Case, command: OpenCase, actor: Actor, now: datetime) -> None:
    """On the timeline, in the thread, and to the store."""
    doer = doer_of(actor, Party.RESIDENT, command.client)
    note = opened_note(case.kind, case.amount_fen, case.reason)
    waiting = paused(order, Trouble.AFTER_SALE, now)
    told = record(tx, [Change(order, waiting, Step.CASE_OPENED, doer, note)], now)[0]
    thread.say(tx, order.order_id, doer, case.reason, case.photos, now)
    outbox.emit(tx, trouble(told, [Party.MERCHANT], Step.CASE_OPENED, note, case.deadline_at))


def _case(
    tx: Tx,
    order: Order,
    command: OpenCase,
    actor: Actor,
    photos: list[str],
    offers: Offers,
    left_fen: int,
    now: datetime,
) -> Case:
    goods = queries_cases.bought(tx, order)
    lines = _lines(tx, order, command, goods)
    replacement = _replacement(order, command, goods, lines, offers)
    exchange = command.kind is CaseKind.EXCHANGE
    wanted_fen = command.amount_fen if command.kind in _PAID_BACK else None
    amount_fen = amount_of(goods, [] if exchange else lines, wanted_fen, left_fen)
    return Case(
        case_id=new_id(),
        order_id=order.order_id,
        number=order.number,
        store_id=order.store_id,
        store_name=order.store_name,
        merchant_id=order.merchant_id,
        household_id=order.household_id,
        community_id=order.community_id,
        kind=command.kind,
        state=CaseState.REQUESTED,
        reason=command.reason,
        lines=_plain(lines),
        replacement=_plain(replacement),
        replacement_words=_words(replacement, goods, offers),
        amount_fen=0 if exchange else amount_fen,
        refund_to=command.refund_to,
        photos=photos,
        opened_at=now,
        opened_by_id=actor.account_id,
        opened_by=actor.name,
    )


_PAID_BACK = (CaseKind.REFUND, CaseKind.RETURN)


def _lines(
    tx: Tx, order: Order, command: OpenCase, goods: Mapping[str, Bought]
) -> list[PickedLine]:
    """What it is about: of what is brought back, no more than the resident has."""
    if command.kind is CaseKind.CANCEL:
        return []
    if command.kind is CaseKind.REFUND:
        if command.lines:
            check_lines(command.lines, {sku: line.quantity for sku, line in goods.items()})
        return command.lines
    have = queries_cases.at_hand(tx, order, goods)
    check_lines(command.lines, have)
    return command.lines or everything(have)


def _replacement(
    order: Order,
    command: OpenCase,
    goods: Mapping[str, Bought],
    lines: list[PickedLine],
    offers: Offers,
) -> list[PickedLine]:
    if command.kind is not CaseKind.EXCHANGE:
        return []
    if command.replacement:
        check_replacement(order, goods, lines, command.replacement, offers)
    return command.replacement or lines


def _plain(lines: list[PickedLine]) -> list[dict[str, object]]:
    return [line.model_dump() for line in lines]


def _words(lines: list[PickedLine], goods: Mapping[str, Bought], offers: Offers) -> str:
    """豆浆×2: what the courier is told to bring."""
    return summary_of([(*_name(line.sku_id, goods, offers), line.quantity) for line in lines])


def _name(sku_id: str, goods: Mapping[str, Bought], offers: Offers) -> tuple[str, str]:
    offer = offers.get(sku_id)
    return (offer.item_name, offer.sku_name) if offer else (goods[sku_id].name, "")
