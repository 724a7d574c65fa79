"""The doors of orders: a parsed command in, a use case, a view out."""

from services.contracts.catalog import StockShort
from services.contracts.delivery import DropDelivered, VisitEntered, VisitLeft
from services.contracts.orders import (
    AllOrdersQuery,
    CancelOrder,
    ConfirmOrder,
    ConfirmReceipt,
    DispatchOrder,
    HouseholdOrdersQuery,
    MarkReady,
    OrderAmount,
    OrderAmountsQuery,
    OrderBrief,
    OrderQuery,
    OrderView,
    PlacedView,
    PlaceOrders,
    StateCounts,
    StateCountsQuery,
    StoreOrdersQuery,
)
from services.contracts.permissions import Permission
from services.contracts.settlement import EscrowReleased, PaymentReceived, RefundCompleted
from services.kernel.actor import Actor
from services.kernel.clock import now
from services.kernel.db import Tx
from services.kernel.entrypoints import every, rpc, subscribe
from services.kernel.runtime import Runtime
from services.kernel.wire import Page
from services.orders.settings import Settings
from services.orders.use_cases import (
    cancel_order,
    close_payment,
    complete_order,
    confirm_order,
    dispatch_order,
    note_delivery,
    note_money,
    place_orders,
    receive_payment,
    show_orders,
)
from services.orders.views import order_view


class OrdersService:
    """What was agreed with one store, its price, its state and its timeline."""

    name = "orders"
    runtime = Runtime(Settings)

    # a resident's

    @rpc(permission=Permission.ORDER_PLACE)
    def place_orders(self, command: PlaceOrders, actor: Actor) -> PlacedView:
        run = self.runtime
        return place_orders.place_orders(run.db, run.services, command, actor, now(), run.settings)

    @rpc(signed_in=True)
    def cancel_order(self, command: CancelOrder, actor: Actor) -> OrderView:
        run = self.runtime
        return cancel_order.cancel_order(run.db, run.services, command, actor, now(), run.settings)

    @rpc(permission=Permission.ORDER_CONFIRM_RECEIPT)
    def confirm_receipt(self, command: ConfirmReceipt, actor: Actor) -> OrderView:
        return complete_order.confirm_receipt(self.runtime.db, command, actor, now())

    # a merchant's

    @rpc(permission=Permission.STORE_ORDER_HANDLE)
    def confirm_order(self, command: ConfirmOrder, actor: Actor) -> OrderView:
        return confirm_order.confirm_order(self.runtime.db, command, actor, now())

    @rpc(permission=Permission.STORE_ORDER_HANDLE)
    def mark_ready(self, command: MarkReady, actor: Actor) -> OrderView:
        return confirm_order.mark_ready(self.runtime.db, command, actor, now())

    @rpc(permission=Permission.STORE_ORDER_HANDLE)
    def dispatch_order(self, command: DispatchOrder, actor: Actor) -> OrderView:
        run = self.runtime
        return dispatch_order.dispatch_order(run.db, run.services, command, actor, now())

    # looking

    @rpc(signed_in=True)
    def order(self, query: OrderQuery, actor: Actor) -> OrderView:
        return order_view(self.runtime.db, query.order_id, actor, now())

    @rpc(signed_in=True)
    def household_orders(self, query: HouseholdOrdersQuery, actor: Actor) -> Page[OrderBrief]:
        return show_orders.household_orders(self.runtime.db, query, actor)

    @rpc(signed_in=True)
    def store_orders(self, query: StoreOrdersQuery, actor: Actor) -> Page[OrderBrief]:
        return show_orders.store_orders(self.runtime.db, query, actor)

    @rpc(permission=Permission.ORDER_VIEW_ANY)
    def all_orders(self, query: AllOrdersQuery, actor: Actor) -> Page[OrderBrief]:
        return show_orders.all_orders(self.runtime.db, query, actor, now())

    @rpc(signed_in=True)
    def counts(self, query: StateCountsQuery, actor: Actor) -> StateCounts:
        return show_orders.count_states(self.runtime.db, query, actor)

    @rpc(permission=Permission.MONEY_AUDIT)
    def order_amounts(self, query: OrderAmountsQuery) -> Page[OrderAmount]:
        return show_orders.order_amounts(self.runtime.db, query)

    # what the others tell

    @subscribe(PaymentReceived)
    def on_payment_received(self, event: PaymentReceived, tx: Tx) -> None:
        receive_payment.receive_payment(tx, event, now())

    @subscribe(EscrowReleased)
    def on_escrow_released(self, event: EscrowReleased, tx: Tx) -> None:
        note_money.note_settlement(tx, event, now())

    @subscribe(RefundCompleted)
    def on_refund_completed(self, event: RefundCompleted, tx: Tx) -> None:
        note_money.note_refund(tx, event, now())

    @subscribe(VisitEntered)
    def on_visit_entered(self, event: VisitEntered, tx: Tx) -> None:
        note_delivery.note_entry(tx, event)

    @subscribe(VisitLeft)
    def on_visit_left(self, event: VisitLeft, tx: Tx) -> None:
        note_delivery.note_leaving(tx, event)

    @subscribe(DropDelivered)
    def on_drop_delivered(self, event: DropDelivered, tx: Tx) -> None:
        note_delivery.deliver_order(tx, event, self.runtime.settings)

    @subscribe(StockShort)
    def on_stock_short(self, event: StockShort, tx: Tx) -> None:
        cancel_order.cancel_short_order(tx, event, now())

    # by the clock

    @every(seconds=5)
    def expire_unpaid(self) -> None:
        run = self.runtime
        close_payment.expire_unpaid(run.db, run.services, now(), run.settings)

    @every(seconds=15)
    def finish_handovers(self) -> None:
        run = self.runtime
        dispatch_order.finish_handovers(run.db, run.services, now(), run.settings)

    @every(seconds=30)
    def complete_delivered(self) -> None:
        complete_order.complete_delivered(self.runtime.db, now(), self.runtime.settings)
