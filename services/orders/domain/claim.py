"""Which after-sales fit an order as it stands, and how much of its money is left for them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.contracts.after_sales import CaseKind, MoreThanPaid, NotForThisOrder, TooLate
from services.contracts.catalog import Fulfilment, ItemKind, SkuLine
from services.contracts.orders import NotThatMany, OrderState, Party, PickedLine
from services.orders.domain.moves import Act
from services.orders.domain.order import Order

S = OrderState
_NOT_BOUGHT = frozenset({S.AWAITING_PAYMENT, S.CLOSING, S.CANCELLED})
_HANDED = frozenset({S.DELIVERED, S.IN_SERVICE, S.COMPLETED})
_TO_BE_CALLED_OFF = frozenset({S.PREPARING, S.READY, S.SCHEDULED})
_SERVICES = frozenset({Fulfilment.AT_HOME, Fulfilment.IN_STORE})


@dataclass(frozen=True, slots=True)
class Bought:
    """So many of one SKU as agreed now; the amount is what they cost together."""

    name: str
    quantity: int
    price_fen: int
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Gone:
    """What has been asked back of each order of a deal, arrived or not."""

    by_cases: Mapping[str, int] = field(default_factory=dict)
    in_all: Mapping[str, int] = field(default_factory=dict)
    """By cases, and by amendments that made the deal cheaper."""


def fitting_kinds(order: Order) -> list[CaseKind]:
    """What may be asked for, were it in time."""
    return [kind for kind in CaseKind if not _unfit(order, kind)]


def over_at(order: Order, within: timedelta) -> datetime | None:
    """Until when anything may be asked for; None while the deal is not done."""
    return order.completed_at and order.completed_at + within


def check_fits(
    order: Order, kind: CaseKind, now: datetime, within: timedelta, *, decided: bool
) -> None:
    """NotForThisOrder says why not, TooLate until when it would have been.

    `decided`: a quarrel about it was, and that was the last word.
    """
    why = "decided" if decided else _unfit(order, kind)
    if why:
        raise NotForThisOrder(
            f"no {kind} of this order: {why}", fields={"why": why, "state": order.state.value}
        )
    until = over_at(order, within)
    if until is not None and now > until:
        raise TooLate("the time is over", fields={"until": until.isoformat()})


def _unfit(order: Order, kind: CaseKind) -> str:
    if not order.paid_at or order.state in _NOT_BOUGHT:
        return "state"
    if kind is CaseKind.CANCEL:
        return _not_to_be_called_off(order)
    if order.state not in _HANDED and not order.picked_at:
        return "not_handed_over"
    if kind is CaseKind.REFUND:
        return ""
    if order.sells_card:
        return "card"
    return "service" if order.has_appointment or order.fulfilment in _SERVICES else ""


def _not_to_be_called_off(order: Order) -> str:
    if any(order.allows(act, Party.RESIDENT) for act in (Act.CANCEL, Act.CANCEL_LATE)):
        return "cancel_alone"
    if order.state not in _TO_BE_CALLED_OFF or order.is_handed_over:
        return "state"
    return ""


def paid_of(deal: Sequence[Order]) -> list[Order]:
    """The order and its supplements whose money is here."""
    return [order for order in deal if order.paid_at and order.state is not S.CANCELLED]


def left_of(order: Order, gone: Gone) -> int:
    """What of one order's own money has neither come back yet nor been asked back."""
    asked_fen = gone.in_all.get(order.order_id, 0)
    return max(0, order.amount_fen - max(order.refunded_fen, asked_fen))


def left_of_deal(deal: Sequence[Order], gone: Gone) -> int:
    """What may still be asked for of a deal.

    What an amendment gave back shows in the agreed price too, what a cashier gave back only in what
    has arrived. Settlement has the last word.
    """
    here_fen = sum(left_of(order, gone) for order in paid_of(deal))
    return max(0, min(deal[0].agreed_fen - sum(gone.by_cases.values()), here_fen))


def parts_of(deal: Sequence[Order], amount_fen: int, gone: Gone) -> list[tuple[str, int]]:
    """Whose money it is: the youngest supplement's first, so that the order itself never runs empty
    while the deal goes on."""
    parts = []
    for order in reversed(paid_of(deal)):
        part_fen = min(left_of(order, gone), amount_fen)
        if part_fen:
            parts.append((order.order_id, part_fen))
        amount_fen -= part_fen
    return parts


def amount_of(
    bought: Mapping[str, Bought], lines: Sequence[PickedLine], wanted_fen: int | None, left_fen: int
) -> int:
    """What is to come back: as wished, else what the lines cost; all that is left for no lines, or
    for all of them."""
    if left_fen == 0 or (wanted_fen or 0) > left_fen:
        raise MoreThanPaid("more than is left", fields={"left_fen": str(left_fen)})
    if wanted_fen or not lines or _is_all(bought, lines):
        return wanted_fen or left_fen
    cost_fen = sum(_cost_of(bought[line.sku_id], line.quantity) for line in lines)
    if cost_fen == 0:
        raise NotForThisOrder("it cost nothing", fields={"why": "free"})
    return min(left_fen, cost_fen)


def _is_all(bought: Mapping[str, Bought], lines: Sequence[PickedLine]) -> bool:
    return {line.sku_id: line.quantity for line in lines} == {
        sku: line.quantity for sku, line in bought.items()
    }


def _cost_of(bought: Bought, quantity: int) -> int:
    return bought.amount_fen * quantity // bought.quantity


def check_lines(lines: Sequence[PickedLine], at_hand: Mapping[str, int]) -> None:
    """NotThatMany maps each SKU to what the resident has of it."""
    wanted = Counter[str]()
    for line in lines:
        wanted[line.sku_id] += line.quantity
    too_many = {
        sku: str(at_hand.get(sku, 0)) for sku, n in wanted.items() if n > at_hand.get(sku, 0)
    }
    if too_many or not any(at_hand.values()):
        raise NotThatMany("more than there is", fields=too_many)


def everything(at_hand: Mapping[str, int]) -> list[PickedLine]:
    """All that the resident has."""
    return [PickedLine(sku_id=sku, quantity=n) for sku, n in at_hand.items() if n > 0]


def check_replacement(
    order: Order,
    bought: Mapping[str, Bought],
    lines: Sequence[PickedLine],
    replacement: Sequence[PickedLine],
    offers: Mapping[str, SkuLine],
) -> None:
    """Others may come in their place if they are of this store and cost the same."""
    found = [offers.get(line.sku_id) for line in replacement]
    if any(
        offer is None or offer.store_id != order.store_id or offer.kind is not ItemKind.GOODS
        for offer in found
    ):
        raise NotForThisOrder("not of this store", fields={"why": "replacement"})
    new_fen = sum(offers[line.sku_id].price_fen * line.quantity for line in replacement)
    old_fen = sum(bought[line.sku_id].price_fen * line.quantity for line in lines)
    if new_fen != old_fen:
        raise NotForThisOrder("not of the same price", fields={"why": "price"})
