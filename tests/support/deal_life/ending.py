"""How a life of deals has ended: nothing is open, and stock, money and state agree everywhere."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, union

from services.catalog.domain.reservation import SET_ASIDE
from services.catalog.domain.shelf import Reason
from services.catalog.stock import prove_stock
from services.catalog.tables import ReservedLineRow, SkuRow, StockMovementRow
from services.contracts.after_sales import CaseState
from services.contracts.catalog import ReservationState
from services.contracts.delivery import DropState
from services.contracts.disputes import DisputeState
from services.contracts.orders import (
    OrderAmountsQuery,
    OrderState,
    RecordQuery,
    Step,
    Trouble,
)
from services.contracts.permissions import Role
from services.contracts.settlement import MatchOrders, PaymentState, RefundState
from services.delivery.tables import DropRow
from services.orders.domain.moves import OPEN
from services.orders.tables import LINES_A_REVISION, LineRow, OrderRow, TimelineRow
from services.orders.tables_beside import SeatRow
from services.orders.tables_cases import CaseRow
from services.orders.tables_disputes import DisputeRow
from services.orders.tables_reviews import ReviewRow
from services.orders.tables_sagas import SagaRow
from services.settlement.tables import EscrowRow, PaymentRow, RefundRow
from tests.support.deal_life.world import World
from tests.support.settlement_channel import NOW

_ENDS = (
    ("orders", OrderRow, ("order_id", "state", "version", "record_hash", "refunded_fen")),
    ("orders", SagaRow, ("saga_id", "kind", "step", "undoing", "finished_at")),
    ("orders", SeatRow, ("item_id", "starts_at", "order_id")),
    ("orders", ReviewRow, ("order_id", "stars", "written_at")),
    ("catalog", SkuRow, ("sku_id", "stock")),
    ("catalog", ReservedLineRow, ("reservation_id", "sku_id", "quantity", "state")),
    ("settlement", PaymentRow, ("payment_id", "state", "amount_fen")),
    ("settlement", EscrowRow, ("order_id", "state", "amount_fen", "resolved_at")),
    ("settlement", RefundRow, ("refund_id", "state", "amount_fen", "done_at")),
    ("delivery", DropRow, ("drop_id", "order_id", "state", "delivered_at")),
)
_DECIDED = union(
    select(CaseRow.order_id).where(CaseRow.state == CaseState.DONE),
    select(DisputeRow.order_id).where(DisputeRow.state == DisputeState.CLOSED),
)


@dataclass(frozen=True)
class Ending:
    """How a life ended: figures for people, and a digest of every row that matters."""

    states: dict[str, int]
    steps: dict[str, int]
    """How often each kind of entry stands on a timeline: what such lives have seen."""
    rows: dict[str, int]
    digest: str


def open_ends(world: World) -> dict[str, list[str]]:
    """What has not come to its end yet."""
    world.post.collect(world.now)
    under_way = (RefundState.PENDING, RefundState.PROCESSING, RefundState.FAILED)
    unpaid = (PaymentState.OPEN, PaymentState.CLOSING)
    open_order = OrderRow.state.in_(OPEN) | (OrderRow.trouble != Trouble.NONE)
    looks = {
        "orders": ("orders", OrderRow.order_id, open_order),
        "sagas": ("orders", SagaRow.saga_id, SagaRow.finished_at.is_(None)),
        "payments": ("settlement", PaymentRow.payment_id, PaymentRow.state.in_(unpaid)),
        "refunds": ("settlement", RefundRow.refund_id, RefundRow.state.in_(under_way)),
        "pieces": (
            "catalog",
            ReservedLineRow.reservation_id,
            ReservedLineRow.state == ReservationState.HELD,
        ),
    }
    found = {
        what: [row[0] for row in world.rows(service, select(column).where(where))]
        for what, (service, column, where) in looks.items()
    }
    found["events"] = [f"{one.envelope.name} to {one.to}" for one in world.post.bag]
    return {what: ids for what, ids in found.items() if ids}


def assert_all_agrees(world: World) -> None:
    """Every proof; the first that fails names what is wrong."""
    open_ones = open_ends(world)
    assert open_ones == {}, _described(world, open_ones)
    dead = [f"{one.envelope.name} to {one.to}: {one.faults[-1]}" for one in world.post.dead]
    assert dead == [], f"dead letters: {dead}"
    for name, faults in _proofs(world):
        assert faults == [], f"{name}: {faults[:5]}"


def _described(world: World, open_ones: dict[str, list[str]]) -> str:
    sagas = world.rows("orders", select(SagaRow.__table__).where(SagaRow.finished_at.is_(None)))
    said = [f"{s.kind} of {s.order_id} step {s.step} {s.due_at} {s.last_error}" for s in sagas]
    rows = world.rows("orders", select(OrderRow.__table__).where(OrderRow.state.in_(OPEN)))
    said += [f"{r.number} {r.order_id} {r.state} {r.trouble} {r.deadline_at}" for r in rows]
    return f"still open: {open_ones} {said}"


def _proofs(world: World) -> Iterator[tuple[str, list[Any]]]:
    with world.dbs["catalog"].reading() as tx:
        yield "stock", prove_stock(tx)
    orders = world.rows("orders", select(OrderRow.__table__).order_by(OrderRow.order_id))
    yield "pieces of each order", list(_wrong_pieces(world, orders))
    yield "stock of each SKU", list(_wrong_stock(world))
    yield "seats", list(_wrong_seats(world, orders))
    yield "drops", list(_wrong_drops(world, orders))
    yield "chains", list(_broken_chains(world, orders))
    yield "reviews", list(_wrong_reviews(world, orders))
    yield "payments", list(_wrong_ends(orders))
    yield "sums", list(_wrong_sums(world, orders))
    yield "money and orders", _disagreements(world)
    view = world.books
    view.assert_proved(bill_days=(world.now - NOW).days + 2)


def _wrong_pieces(world: World, orders: list[Any]) -> Iterator[str]:
    """What an order has aside is what it says that was bought; nothing, when it is off."""
    short = {r.order_id for r in _steps(world, Step.STOCK_SHORT)}
    aside: Counter[tuple[str, str]] = Counter()
    lines = select(ReservedLineRow.__table__).where(ReservedLineRow.state.in_(SET_ASIDE))
    for line in world.rows("catalog", lines):
        aside[line.reservation_id, line.sku_id] += line.quantity
    for order in orders:
        if order.supplement_of or order.order_id in short:
            continue
        off = order.state == OrderState.CANCELLED
        for sku_id, quantity in _bought(world, order).items():
            has = aside.pop((order.reservation_id, sku_id), 0)
            if has != (0 if off else quantity):
                yield f"{order.number} {order.state} {sku_id}: bought {quantity}, aside {has}"


def _bought(world: World, order: Any) -> Counter[str]:
    """The lines of the present revision."""
    first = order.revision * LINES_A_REVISION
    here = (LineRow.order_id == order.order_id) & (LineRow.line_no >= first)
    bought: Counter[str] = Counter()
    for line in world.rows("orders", select(LineRow.sku_id, LineRow.quantity).where(here)):
        bought[line.sku_id] += line.quantity
    return bought


def _wrong_stock(world: World) -> Iterator[str]:
    """What was there at first, less what is sold, and what was brought back."""
    wares = {sku: ware for shop in world.town.shops for sku, ware in shop.wares.items()}
    sold: Counter[str] = Counter()
    gone = select(ReservedLineRow.sku_id, ReservedLineRow.quantity).where(
        ReservedLineRow.state == ReservationState.COMMITTED, ReservedLineRow.counted
    )
    for line in world.rows("catalog", gone):
        sold[line.sku_id] += line.quantity
    back: Counter[str] = Counter()
    returned = select(StockMovementRow.sku_id, StockMovementRow.delta).where(
        StockMovementRow.reason == Reason.RETURN
    )
    for move in world.rows("catalog", returned):
        back[move.sku_id] += move.delta
    for row in world.rows("catalog", select(SkuRow.sku_id, SkuRow.stock, SkuRow.unlimited)):
        first = wares[row.sku_id].stock
        if first is not None and row.stock != first - sold[row.sku_id] + back[row.sku_id]:
            yield f"{wares[row.sku_id].name}: {row.stock} of {first}, sold {sold[row.sku_id]}"


def _wrong_seats(world: World, orders: list[Any]) -> Iterator[str]:
    """Who was served had a seat at that time and no other; who called it off has none.

    A quarrel that ended the deal before the appointment may have given the seat to others.
    """
    seats = world.rows("orders", select(SeatRow.order_id, SeatRow.starts_at))
    taken = Counter((row.order_id, row.starts_at) for row in seats)
    for order in orders:
        if not order.slot_from:
            continue
        count = taken.pop((order.order_id, order.slot_from), 0)
        served = bool(order.started_at or order.picked_at)
        least, most = int(served), int(order.state != OrderState.CANCELLED)
        if not least <= count <= most:
            yield f"{order.number} {order.state}: {count} seats"
    if taken:
        yield f"seats of nobody: {list(taken)}"


def _wrong_drops(world: World, orders: list[Any]) -> Iterator[str]:
    off = {order.order_id for order in orders if order.state == OrderState.CANCELLED}
    waiting = select(DropRow.order_id).where(DropRow.state == DropState.ASSIGNED)
    for row in world.rows("delivery", waiting):
        if row.order_id in off:
            yield f"{row.order_id} is off and its drop waits"


def _broken_chains(world: World, orders: list[Any]) -> Iterator[str]:
    manager = world.town.one(Role.MANAGER)
    for order in orders:
        query = RecordQuery(order_id=order.order_id)
        record = world.ask("orders", "record", query, manager)
        if not record.whole:
            yield f"{order.number} broken at {record.broken_at}"


def _wrong_reviews(world: World, orders: list[Any]) -> Iterator[str]:
    reviewed = {row.order_id for row in world.rows("orders", select(ReviewRow.order_id))}
    believed = {order.order_id for order in orders if order.reviewed_at}
    if reviewed != believed:
        yield f"reviews of {reviewed}, orders say {believed}"
    for order in orders:
        if order.order_id in reviewed and order.state != OrderState.COMPLETED:
            yield f"{order.number} is {order.state} and reviewed"


def _wrong_ends(orders: list[Any]) -> Iterator[str]:
    """Paid is what is done; a supplement ends as its main order does, or was never paid."""
    state_of = {order.order_id: order.state for order in orders}
    for order in orders:
        if order.state == OrderState.COMPLETED and not order.paid_at:
            yield f"{order.number} is completed and not paid"
        main = state_of.get(order.supplement_of or "")
        if main and order.state == OrderState.COMPLETED and main != order.state:
            yield f"{order.number} is completed, its main order {main}"


def _wrong_sums(world: World, orders: list[Any]) -> Iterator[str]:
    """What the household has paid for a deal that is done, less what it has back, is what the two
    had agreed on; where after-sales, a ruling or a cashier had a word, they know better."""
    told = {row.order_id for row in world.rows("orders", _DECIDED)} | world.given_by_hand
    for order in orders:
        small = [o for o in orders if o.supplement_of == order.order_id and o.completed_at]
        if order.state != OrderState.COMPLETED or order.supplement_of or order.order_id in told:
            continue
        kept = sum(one.amount_fen - one.refunded_fen for one in (order, *small))
        if kept != order.agreed_fen and not told & {one.order_id for one in small}:
            yield f"{order.number}: agreed {order.agreed_fen}, kept {kept}"


def _disagreements(world: World) -> list[str]:
    """The audit's comparison, as `./linli audit` makes it."""
    cashier = world.town.one(Role.CASHIER)
    faults: list[str] = []
    after: str | None = None
    while True:
        query = OrderAmountsQuery(after=after, limit=100)
        page = world.ask("orders", "order_amounts", query, cashier)
        if page.items:
            match = MatchOrders(orders=page.items)
            faults += world.ask("settlement", "match_orders", match, cashier).differences
        after = page.next_after
        if after is None:
            return faults


def _steps(world: World, step: Step) -> list[Any]:
    return world.rows("orders", select(TimelineRow.order_id).where(TimelineRow.step == step))


def ending(world: World) -> Ending:
    """The same for the same rows."""
    digest, rows = hashlib.sha256(), {}
    for service, table, names in _ENDS:
        columns = [getattr(table, name) for name in names]
        found = world.rows(service, select(*columns).order_by(*columns))
        digest.update(repr([tuple(row) for row in found]).encode())
        rows[str(table.__tablename__)] = len(found)
    return Ending(
        states=_counted(world, OrderRow.state),
        steps=_counted(world, TimelineRow.step),
        rows=rows,
        digest=digest.hexdigest(),
    )


def _counted(world: World, column: Any) -> dict[str, int]:
    query = select(column, func.count()).group_by(column).order_by(column)
    return {str(row[0]): int(row[1]) for row in world.rows("orders", query)}
