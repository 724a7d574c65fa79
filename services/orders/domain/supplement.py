"""The small order that pays what an amendment costs more (补差价)."""

from dataclasses import dataclass
from datetime import datetime

from services.contracts.catalog import ItemKind, ReservedLine
from services.contracts.orders import OrderState
from services.contracts.settlement import OpenPayment
from services.kernel.ids import derived_id, new_id
from services.orders.domain.amendment import Amendment
from services.orders.domain.basket import Line, Placed
from services.orders.domain.deadlines import with_deadline
from services.orders.domain.doer import Doer
from services.orders.domain.numbers import number_of
from services.orders.domain.order import Order
from services.orders.domain.wording import shortened
from services.orders.domain.wording_amendments import SUPPLEMENT_NAME


@dataclass(frozen=True, slots=True)
class Supplement:
    """The order, ready to be kept, and the payment that it waits for."""

    placed: Placed
    payment: OpenPayment


def supplement_of(
    order: Order, amendment: Amendment, payer: Doer, now: datetime, pay_before: datetime
) -> Supplement:
    """For the difference; its id is younger than its main order's, so the two lock in that order.

    It has no pieces of its own: catalog knows nothing of its reservation.
    """
    line = _line(order, amendment)
    small = _order(order, amendment, payer, line, now)
    placed = Placed(with_deadline(small, pay_before, now), (line,))
    payment = OpenPayment(
        request_id=f"amend.{amendment.amendment_id}",
        payment_id=small.payment_id,
        household_id=order.household_id,
        community_id=order.community_id,
        payer_account_id=small.placed_by,
        subject=shortened(f"{order.store_name} {SUPPLEMENT_NAME}"),
        pay_before=pay_before,
        allocations=[placed.allocation],
        # Whoever comes to the door collects for the main order only.
        cash_at_door=False,
    )
    return Supplement(placed, payment)


def _line(order: Order, amendment: Amendment) -> Line:
    first = amendment.lines_after[0]
    return Line(
        ReservedLine(
            sku_id=first.sku_id,
            item_id=first.item_id,
            store_id=order.store_id,
            item_name=SUPPLEMENT_NAME,
            sku_name="",
            kind=ItemKind.GOODS,
            category=amendment.category,
            quantity=1,
            price_fen=amendment.dearer_by_fen,
        ),
        (),
    )


def _order(order: Order, amendment: Amendment, payer: Doer, line: Line, now: datetime) -> Order:
    order_id = new_id()
    return Order(
        order_id=order_id,
        number=number_of(order_id),
        state=OrderState.AWAITING_PAYMENT,
        version=1,
        payment_id=derived_id("payment", "amend", amendment.amendment_id),
        reservation_id=derived_id("reservation", "supplement", amendment.amendment_id),
        household_id=order.household_id,
        merchant_id=order.merchant_id,
        store_id=order.store_id,
        store_name=order.store_name,
        store_phone=order.store_phone,
        community_id=order.community_id,
        home_id=order.home_id,
        building_id=order.building_id,
        contact_name=order.contact_name,
        address=order.address,
        other_address=order.other_address,
        remark="",
        deliver_after=None,
        placed_by=payer.account_id or "",
        placed_by_name=payer.name,
        client=payer.client,
        placed_at=now,
        amount_fen=line.amount_fen,
        agreed_fen=line.amount_fen,
        summary=SUPPLEMENT_NAME,
        picture="",
        sku_ids=[line.goods.sku_id],
        fulfilment=order.fulfilment,
        supplement_of=order.order_id,
    )
