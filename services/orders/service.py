"""The doors of orders: a parsed command in, a use case, a view out."""

from datetime import timedelta

from services.contracts.catalog import StockShort
from services.contracts.delivery import DropDelivered, VisitEntered, VisitLeft
from services.contracts.orders import (
    CancelOrder,
    ConfirmOrder,
    ConfirmReceipt,
    DispatchOrder,
    FinishService,
    HandOver,
    MarkReady,
    MessageView,
    OrderView,
    PlacedView,
    PlaceOrders,
    Say,
    StartService,
)
from services.contracts.permissions import Permission
from services.contracts.settlement import EscrowReleased, PaymentReceived, RefundCompleted
from services.kernel.actor import Actor
from services.kernel.clock import now
from services.kernel.db import Tx
from services.kernel.entrypoints import every, rpc, subscribe
from services.kernel.runtime import Runtime
from services.orders.entry_amendments import AmendmentsEntry
from services.orders.entry_cases import CasesEntry
from services.orders.entry_disputes import DisputesEntry
from services.orders.entry_reading import ReadingEntry
from services.orders.entry_reviews import ReviewsEntry
from services.orders.sagas import engine
from services.orders.sagas.kinds import KINDS
from services.orders.settings import Settings
from services.orders.use_cases import (
    cancel_order,
    close_payment,
    complete_order,
    confirm_order,
    dispatch_order,
    forget_sagas,
    hand_over,
    note_delivery,
    note_money,
    pass_deadlines,
    place_orders,
    receive_payment,
    serve,
    talk,
)


class OrdersService(ReadingEntry, AmendmentsEntry, CasesEntry, DisputesEntry, ReviewsEntry):
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
        run = self.runtime
        return complete_order.confirm_receipt(run.db, command, actor, now(), run.settings)

    @rpc(signed_in=True)
    def say(self, command: Say, actor: Actor) -> MessageView:
        return talk.say(self.runtime.db, self.runtime.files, command, actor, now())

    # a merchant's

    @rpc(permission=Permission.STORE_ORDER_HANDLE)
    def confirm_order(self, command: ConfirmOrder, actor: Actor) -> OrderView:
        run = self.runtime
        return confirm_order.confirm_order(run.db, command, actor, now(), run.settings)

    @rpc(permission=Permission.STORE_ORDER_HANDLE)
    def mark_ready(self, command: MarkReady, actor: Actor) -> OrderView:
        run = self.runtime
        return confirm_order.mark_ready(run.db, command, actor, now(), run.settings)

    @rpc(permission=Permission.STORE_ORDER_HANDLE)
    def dispatch_order(self, command: DispatchOrder, actor: Actor) -> OrderView:
        run = self.runtime
        return dispatch_order.dispatch_order(
            run.db, run.services, command, actor, now(), run.settings
        )

    @rpc(permission=Permission.STORE_ORDER_HANDLE)
    def hand_over(self, command: HandOver, actor: Actor) -> OrderView:
        run = self.runtime
        return hand_over.hand_over(run.db, command, actor, now(), run.settings)

    @rpc(permission=Permission.STORE_ORDER_HANDLE)
    def start_service(self, command: StartService, actor: Actor) -> OrderView:
        run = self.runtime
        return serve.start_service(run.db, command, actor, now(), run.settings)

    @rpc(permission=Permission.STORE_ORDER_HANDLE)
    def finish_service(self, command: FinishService, actor: Actor) -> OrderView:
        run = self.runtime
        return serve.finish_service(run.db, run.files, command, actor, now(), run.settings)

    # what the others tell

    @subscribe(PaymentReceived)
    def on_payment_received(self, event: PaymentReceived, tx: Tx) -> None:
        receive_payment.receive_payment(tx, event, now(), self.runtime.settings)

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

    @every(seconds=10)
    def pass_deadlines(self) -> None:
        run = self.runtime
        pass_deadlines.pass_deadlines(run.db, run.services, now(), run.settings)

    @every(seconds=15)
    def remind(self) -> None:
        pass_deadlines.remind(self.runtime.db, now(), self.runtime.settings)

    @every(seconds=2, in_every_copy=True)
    def go_on_with_sagas(self) -> None:
        run = self.runtime
        at = engine.At(run.services, run.settings, now())
        engine.sweep(run.db, KINDS, at, run.settings.sweep_batch)

    @every(seconds=3600)
    def forget_sagas(self) -> None:
        kept = timedelta(days=self.runtime.settings.sagas_kept_days)
        forget_sagas.forget_sagas(self.runtime.db, now() - kept)
