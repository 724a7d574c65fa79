"""What was set aside, certified and quoted becomes orders, every fen explained.

One order for a store's goods, and one for each prepaid card.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.contracts.catalog import Fulfilment, ItemKind, ReservedLine, ReserveLine
from services.contracts.identity import OrderContext, StoreBrief
from services.contracts.marketing import FUNDED_BY_COMPANY, Adjustment
from services.contracts.orders import (
    NothingToPay,
    OrderLine,
    OrderState,
    OtherAddressNeedsRemark,
    PlaceOrders,
    TooManyStores,
)
from services.contracts.settlement import Allocation, CardSale
from services.kernel.errors import InvariantBroken, Malformed
from services.kernel.ids import new_id
from services.orders.domain.deadlines import with_deadline
from services.orders.domain.doer import Doer
from services.orders.domain.handing import CODED, Handing, check_wishes, handing_of, needs_time
from services.orders.domain.numbers import new_pickup_code, number_of
from services.orders.domain.order import Order
from services.orders.domain.wording import card_name, summary_of

ORDERS_MAX = 20
"""As many as a payment has allocations."""
QUANTITY_MAX = 999


@dataclass(frozen=True, slots=True)
class Line:
    """A line as agreed, with what changed its price."""

    goods: ReservedLine
    adjustments: tuple[Adjustment, ...]

    @property
    def amount_fen(self) -> int:
        """Price times quantity, and the adjustments."""
        full_fen = self.goods.price_fen * self.goods.quantity
        return full_fen + sum(adjustment.amount_fen for adjustment in self.adjustments)

    @property
    def subsidy_fen(self) -> int:
        """What the property takes off it at its own cost."""
        return -sum(
            adjustment.amount_fen
            for adjustment in self.adjustments
            if adjustment.funded_by == FUNDED_BY_COMPANY
        )


@dataclass(frozen=True, slots=True)
class Placed:
    """One order with its lines, ready to be kept."""

    order: Order
    lines: tuple[Line, ...]

    @property
    def allocation(self) -> Allocation:
        """What settlement must know of it."""
        categories = {line.goods.category for line in self.lines}
        return Allocation(
            order_id=self.order.order_id,
            merchant_id=self.order.merchant_id,
            amount_fen=self.order.amount_fen,
            category=categories.pop() if len(categories) == 1 else "",
            subsidy_fen=max(sum(line.subsidy_fen for line in self.lines), 0),
            card=self._card,
        )

    @property
    def _card(self) -> CardSale | None:
        if not self.order.sells_card:
            return None
        plan = self.lines[0].goods
        return CardSale(
            name=card_name(plan.item_name, plan.sku_name, plan.quantity),
            gift_fen=plan.gift_fen * plan.quantity,
        )


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wished, by whom, and the ids that the same wish gets each time it is uttered."""

    command: PlaceOrders
    doer: Doer
    payment_id: str
    reservation_id: str
    pay_before: datetime


def lines_to_reserve(lines: Sequence[OrderLine]) -> list[ReserveLine]:
    """Each SKU once, in the order asked for; Malformed above 999 pieces of one."""
    wanted: dict[str, int] = defaultdict(int)
    for line in lines:
        wanted[line.sku_id] += line.quantity
    for sku_id, quantity in wanted.items():
        if quantity > QUANTITY_MAX:
            raise Malformed(fields={sku_id: f"at most {QUANTITY_MAX} pieces"})
    return [ReserveLine(sku_id=sku_id, quantity=quantity) for sku_id, quantity in wanted.items()]


def check_address(command: PlaceOrders) -> None:
    """OtherAddressNeedsRemark unless another address is explained."""
    if command.other_address and not command.remark:
        raise OtherAddressNeedsRemark(fields={"remark": "needed for another address"})


def stores_of(goods: Sequence[ReservedLine]) -> list[str]:
    """The stores that sell these lines, each once; TooManyStores where that is over 20 orders."""
    orders = len({_part_of(line) for line in goods})
    if orders > ORDERS_MAX:
        raise TooManyStores(fields={"lines": f"{orders} orders"})
    return list(dict.fromkeys(line.store_id for line in goods))


def is_plan(goods: ReservedLine) -> bool:
    """True for a prepaid card: no promotion changes its price, which is what will be on it."""
    return goods.kind is ItemKind.CARD_PLAN


def _part_of(goods: ReservedLine) -> tuple[str, str]:
    """Lines with the same part come into one order: a store's goods, one prepaid card, or one
    service at a set time."""
    return goods.store_id, goods.sku_id if is_plan(goods) or needs_time(goods) else ""


def orders_of(
    wish: Wish,
    goods: Sequence[ReservedLine],
    context: OrderContext,
    adjustments: Sequence[Adjustment],
    now: datetime,
) -> list[Placed]:
    """One order for each store's goods, for each card and each service at a set time.

    NothingToPay when one costs nothing.
    """
    stores = {store.store_id: store for store in context.stores}
    unknown = [store_id for store_id in stores_of(goods) if store_id not in stores]
    if unknown:
        raise InvariantBroken(f"no word about the stores {unknown}")
    check_wishes(wish.command, goods)
    priced = _priced(goods, adjustments)
    return [
        _order_of(wish, stores[store_id], lines, context, now)
        for (store_id, _), lines in priced.items()
    ]


def _priced(
    goods: Sequence[ReservedLine], adjustments: Sequence[Adjustment]
) -> Mapping[tuple[str, str], list[Line]]:
    by_sku: dict[str, list[Adjustment]] = defaultdict(list)
    for adjustment in adjustments:
        by_sku[adjustment.sku_id].append(adjustment)
    priced: dict[tuple[str, str], list[Line]] = defaultdict(list)
    for line in goods:
        priced[_part_of(line)].append(Line(line, tuple(by_sku.pop(line.sku_id, ()))))
    if by_sku:
        raise InvariantBroken(f"adjustments for SKUs that were not asked for: {sorted(by_sku)}")
    return priced


def _order_of(
    wish: Wish, store: StoreBrief, lines: list[Line], context: OrderContext, now: datetime
) -> Placed:
    command, order_id = wish.command, new_id()
    goods = [line.goods for line in lines]
    handing = Handing(Fulfilment.IN_STORE) if is_plan(goods[0]) else handing_of(command, goods, now)
    coded = handing.fulfilment in CODED and not is_plan(goods[0])
    order = Order(
        order_id=order_id,
        number=number_of(order_id),
        state=OrderState.AWAITING_PAYMENT,
        version=1,
        payment_id=wish.payment_id,
        reservation_id=wish.reservation_id,
        household_id=context.household_id,
        merchant_id=store.merchant_id,
        store_id=store.store_id,
        store_name=store.name,
        store_phone=store.phone,
        community_id=context.community_id,
        home_id=context.home_id,
        building_id=context.building_id,
        contact_name=context.contact_name,
        address=command.other_address or context.address,
        other_address=bool(command.other_address),
        remark=command.remark,
        deliver_after=command.deliver_after,
        placed_by=wish.doer.account_id or "",
        placed_by_name=wish.doer.name,
        client=wish.doer.client,
        placed_at=now,
        amount_fen=_amount_fen(lines),
        agreed_fen=_amount_fen(lines),
        summary=summary_of(
            [(x.goods.item_name, x.goods.sku_name, x.goods.quantity) for x in lines]
        ),
        picture=next((x.goods.picture for x in lines if x.goods.picture), ""),
        sku_ids=[x.goods.sku_id for x in lines],
        sells_card=is_plan(goods[0]),
        fulfilment=handing.fulfilment,
        slot_from=handing.slot_from,
        slot_until=handing.slot_until,
        pickup_code=new_pickup_code() if coded else None,
    )
    return Placed(with_deadline(order, wish.pay_before, now), tuple(lines))


def _amount_fen(lines: Sequence[Line]) -> int:
    amounts = [line.amount_fen for line in lines]
    if min(amounts) < 0:
        raise InvariantBroken("promotions take more from a line than it costs")
    if not sum(amounts):
        raise NothingToPay
    return sum(amounts)
