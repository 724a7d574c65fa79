"""Order from one or more stores: the saga's steps, and what undoes them.

reserve (catalog) → order_context (identity) → quote (marketing) → decide (here) → open_payment
(settlement). The shelf is asked first, since it alone knows which store sells a SKU. Each step
gives the same wish the same answer, so the same request walks the same road again after any crash.
What is never uttered again ends by itself: pieces at `hold_until`, unpaid orders at `pay_before`.
"""

import logging
from datetime import datetime, timedelta
from typing import Any

from services.contracts.catalog import (
    Fulfilment,
    ReleaseReservation,
    ReservationOver,
    Reserve,
    ReservedLine,
    ReservedView,
)
from services.contracts.identity import NotYourHousehold, OrderContext, OrderContextQuery
from services.contracts.marketing import QuoteLine, QuoteQuery, QuoteView
from services.contracts.orders import Party, PlacedView, PlaceOrders
from services.contracts.settlement import OpenPayment, PaymentView
from services.kernel import failpoints, requests
from services.kernel.actor import Actor
from services.kernel.db import Database, Tx
from services.kernel.errors import InvariantBroken, LinliError, Refused, Unavailable, from_wire
from services.kernel.ids import derived_id
from services.kernel.rpc_client import Services
from services.kernel.wire import Done, View
from services.orders import appointments
from services.orders.domain.basket import (
    Placed,
    Wish,
    check_address,
    is_plan,
    lines_to_reserve,
    orders_of,
    stores_of,
)
from services.orders.domain.wording import subject_of
from services.orders.settings import Settings
from services.orders.standing import doer_of
from services.orders.store import insert_placed
from services.orders.views import placed_view

log = logging.getLogger(__name__)


class Outcome(View):
    """What was decided about a wish, once and for all: granted with a payment to open, or not."""

    placed: PlacedView | None = None
    payment: OpenPayment | None = None
    refusal: dict[str, Any] | None = None


def place_orders(
    db: Database,
    services: Services,
    command: PlaceOrders,
    actor: Actor,
    now: datetime,
    settings: Settings,
) -> PlacedView:
    """The orders, awaiting one payment. A refusal gives back whatever was set aside."""
    if actor.role_in(command.household_id) is None:
        raise NotYourHousehold
    check_address(command)
    wish = _wish_of(command, actor, now, settings)
    outcome = _walk(db, services, wish, now, settings)
    if outcome.placed is None or outcome.payment is None:
        raise from_wire(outcome.refusal or {})
    failpoints.hit("orders.place.after_commit")
    services.settlement.open_payment(outcome.payment, answer=PaymentView, deadline_ms=2000)
    failpoints.hit("orders.place.after_open_payment")
    return outcome.placed


def _wish_of(command: PlaceOrders, actor: Actor, now: datetime, settings: Settings) -> Wish:
    # The body is part of the ids: another wish under the same request_id is refused in the end, and
    # what it set aside must not be the first one's pieces.
    body = requests.body_hash(command, actor.account_id)
    return Wish(
        command=command,
        doer=doer_of(actor, Party.RESIDENT, command.client),
        payment_id=derived_id("payment", command.request_id, body),
        reservation_id=derived_id("reservation", command.request_id, body),
        pay_before=now + timedelta(seconds=settings.unpaid_after_s),
    )


def _walk(
    db: Database, services: Services, wish: Wish, now: datetime, settings: Settings
) -> Outcome:
    try:
        goods = _set_aside(services, wish, settings)
    except ReservationOver as over:
        # This very wish has been here before, and its pieces have gone back since.
        return _decide(db, wish, Outcome(refusal=over.to_wire()), [], now)
    try:
        outcome = _agree(db, services, wish, goods, now)
    except (Refused, InvariantBroken) as refusal:
        outcome = _refuse(db, services, wish, refusal, now)
    if outcome.refusal:
        _give_back(services, wish)
    return outcome


def _set_aside(services: Services, wish: Wish, settings: Settings) -> list[ReservedLine]:
    reserve = Reserve(
        request_id=wish.command.request_id,
        reservation_id=wish.reservation_id,
        lines=lines_to_reserve(wish.command.lines),
        hold_until=wish.pay_before + timedelta(seconds=settings.hold_margin_s),
    )
    reserved: ReservedView = services.catalog.reserve(
        reserve, answer=ReservedView, deadline_ms=1500
    )
    failpoints.hit("orders.place.after_reserve")
    return reserved.lines


def _agree(
    db: Database, services: Services, wish: Wish, goods: list[ReservedLine], now: datetime
) -> Outcome:
    asked = OrderContextQuery(household_id=wish.command.household_id, store_ids=stores_of(goods))
    context: OrderContext = services.identity.order_context(
        asked, answer=OrderContext, deadline_ms=1500
    )
    failpoints.hit("orders.place.after_context")
    wares = [line for line in goods if not is_plan(line)]
    quote = _quote(services, wares, context) if wares else QuoteView()
    failpoints.hit("orders.place.after_quote")
    placed = orders_of(wish, goods, context, quote.adjustments, now)
    return _decide(db, wish, _granted(wish, placed, context), placed, now)


def _quote(services: Services, goods: list[ReservedLine], context: OrderContext) -> QuoteView:
    query = QuoteQuery(
        household_id=context.household_id,
        community_id=context.community_id,
        lines=[
            QuoteLine(
                sku_id=line.sku_id,
                item_id=line.item_id,
                store_id=line.store_id,
                category=line.category,
                quantity=line.quantity,
                price_fen=line.price_fen,
            )
            for line in goods
        ],
    )
    quote: QuoteView = services.marketing.quote(query, answer=QuoteView, deadline_ms=1500)
    return quote


def _granted(wish: Wish, placed: list[Placed], context: OrderContext) -> Outcome:
    orders = [one.order for one in placed]
    payment = OpenPayment(
        request_id=wish.command.request_id,
        payment_id=wish.payment_id,
        household_id=context.household_id,
        community_id=context.community_id,
        payer_account_id=wish.doer.account_id or "",
        subject=subject_of([order.store_name for order in orders]),
        pay_before=wish.pay_before,
        allocations=[one.allocation for one in placed],
        # Cash is taken by a courier: nobody else hands it in.
        cash_at_door=all(order.fulfilment is Fulfilment.DELIVERY for order in orders),
    )
    return Outcome(placed=placed_view(orders, wish.pay_before), payment=payment)


def _decide(
    db: Database, wish: Wish, outcome: Outcome, placed: list[Placed], now: datetime
) -> Outcome:
    """Keep the outcome, and the orders with it; or the one that was kept for this wish before.

    Refusals are kept too: else a rival with the same wish could be granted what is given back here.
    """
    with db.transaction() as tx:
        by = wish.doer.account_id or ""
        earlier = requests.claim_answered(tx, wish.command, outcome, by=by)
        if earlier is None and placed:
            insert_placed(tx, placed, wish.doer, now)
            _book(tx, placed)
    return earlier or outcome


def _book(tx: Tx, placed: list[Placed]) -> None:
    for one in placed:
        if one.order.has_appointment:
            goods = one.lines[0].goods
            appointments.book(tx, goods.item_id, goods.sku_id, one.order, goods.slot_capacity)


def _refuse(
    db: Database, services: Services, wish: Wish, refusal: LinliError, now: datetime
) -> Outcome:
    try:
        return _decide(db, wish, Outcome(refusal=refusal.to_wire()), [], now)
    except Refused:  # the request_id stands for another wish
        _give_back(services, wish)
        raise


def _give_back(services: Services, wish: Wish) -> None:
    release = ReleaseReservation(
        request_id=wish.command.request_id, reservation_id=wish.reservation_id
    )
    try:
        services.catalog.release_reservation(release, answer=Done, deadline_ms=1500)
    except Unavailable as error:
        log.warning("pieces stay aside until they expire: %s", error.message)
