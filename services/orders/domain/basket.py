"""What was set aside, certified and quoted becomes orders: one a store, every fen explained."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.contracts.catalog import ReservedLine, ReserveLine
from services.contracts.identity import OrderContext, StoreBrief
from services.contracts.marketing import Adjustment
from services.contracts.orders import (
    NothingToPay,
    OrderLine,
    OrderState,
    OtherAddressNeedsRemark,
    PlaceOrders,
    TooManyStores,
)
from services.kernel.errors import InvariantBroken, Malformed
from services.kernel.ids import new_id
from services.orders.domain.order import Doer, Order, number_of
from services.orders.domain.wording import summary_of

STORES_MAX = 20
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


@dataclass(frozen=True, slots=True)
class Placed:
    """One store's order with its lines, ready to be kept."""

    order: Order
    lines: tuple[Line, ...]


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
    """The stores that sell these lines, each once; TooManyStores above 20."""
    stores = list(dict.fromkeys(line.store_id for line in goods))
    if len(stores) > STORES_MAX:
        raise TooManyStores(fields={"lines": f"from {len(stores)} stores"})
    return stores


def orders_of(
    wish: Wish,
    goods: Sequence[ReservedLine],
    context: OrderContext,
    adjustments: Sequence[Adjustment],
    now: datetime,
) -> list[Placed]:
    """One order for each store, in the order of the lines; NothingToPay when one costs nothing."""
    stores = {store.store_id: store for store in context.stores}
    unknown = [store_id for store_id in stores_of(goods) if store_id not in stores]
    if unknown:
        raise InvariantBroken(f"no word about the stores {unknown}")
    priced = _priced(goods, adjustments)
    return [
        _order_of(wish, stores[store_id], priced[store_id], context, now)
        for store_id in stores_of(goods)
    ]


def _priced(
    goods: Sequence[ReservedLine], adjustments: Sequence[Adjustment]
) -> Mapping[str, list[Line]]:
    by_sku: dict[str, list[Adjustment]] = defaultdict(list)
    for adjustment in adjustments:
        by_sku[adjustment.sku_id].append(adjustment)
    priced: dict[str, list[Line]] = defaultdict(list)
    for line in goods:
        priced[line.store_id].append(Line(line, tuple(by_sku.pop(line.sku_id, ()))))
    if by_sku:
        raise InvariantBroken(f"adjustments for SKUs that were not asked for: {sorted(by_sku)}")
    return priced


def _order_of(
    wish: Wish, store: StoreBrief, lines: list[Line], context: OrderContext, now: datetime
) -> Placed:
    command, order_id = wish.command, new_id()
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
        deadline_at=wish.pay_before,
        amount_fen=_amount_fen(lines),
        summary=summary_of(
            [(x.goods.item_name, x.goods.sku_name, x.goods.quantity) for x in lines]
        ),
        picture=next((x.goods.picture for x in lines if x.goods.picture), ""),
        sku_ids=[x.goods.sku_id for x in lines],
    )
    return Placed(order, tuple(lines))


def _amount_fen(lines: Sequence[Line]) -> int:
    amounts = [line.amount_fen for line in lines]
    if min(amounts) < 0:
        raise InvariantBroken("promotions take more from a line than it costs")
    if not sum(amounts):
        raise NothingToPay
    return sum(amounts)
