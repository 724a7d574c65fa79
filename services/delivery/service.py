"""delivery's entrypoints."""

from typing import Any

from services.contracts.delivery import (
    AdmitVisit,
    AssignDrop,
    AssignedView,
    CheckPass,
    CouriersQuery,
    CouriersView,
    CourierView,
    DeliverDrop,
    DeliveryCounts,
    DeliveryCountsQuery,
    DropView,
    GateLogQuery,
    LeaveVisit,
    MyVisitsQuery,
    OrderVisitsQuery,
    OrderVisitsView,
    PassQuery,
    PassView,
    RefuseVisit,
    RegisterCourier,
    VisitQuery,
    VisitsView,
    VisitView,
)
from services.contracts.orders import OrderCancelled
from services.contracts.permissions import Permission
from services.delivery.domain.passes import PassSigner
from services.delivery.gates import Gate, GateNames
from services.delivery.settings import Settings
from services.delivery.use_cases import couriers, drops, gate, visits
from services.kernel.actor import Actor
from services.kernel.clock import now
from services.kernel.db import Database, Tx
from services.kernel.entrypoints import every, rpc, subscribe
from services.kernel.runtime import Runtime
from services.kernel.wire import Page


class Extras:
    """What one process of delivery keeps: the pass signer, and the gates' names."""

    def __init__(self, settings: Settings, _db: Database) -> None:
        self.signer = PassSigner(settings.pass_key)
        self.gates = GateNames()


class DeliveryService:
    """Couriers, drops, visits, passes and the gate log."""

    name = "delivery"
    runtime: Any = Runtime(Settings, extras=Extras)

    # couriers

    @rpc(permission=Permission.COURIER_REGISTER)
    def register_courier(self, command: RegisterCourier, actor: Actor) -> CourierView:
        runtime, at = self.runtime, now()
        view = couriers.register_courier(
            runtime.db, runtime.services, runtime.files, command, actor, at
        )
        couriers.tell_identity_of_couriers(runtime.db, runtime.services, at, runtime.settings)
        return view

    @rpc(permission=Permission.STORE_ORDER_HANDLE)
    def couriers(self, query: CouriersQuery, actor: Actor) -> CouriersView:
        return couriers.couriers(self.runtime.db, query, actor)

    # drops

    @rpc(callers=("orders",))
    def assign_drop(self, command: AssignDrop) -> AssignedView:
        return drops.assign_drop(self.runtime.db, command, now(), self.runtime.settings)

    @rpc(permission=Permission.DROP_DELIVER)
    def deliver_drop(self, command: DeliverDrop, actor: Actor) -> DropView:
        return drops.deliver_drop(self.runtime.db, self.runtime.files, command, actor, now())

    @rpc(signed_in=True)
    def my_visits(self, query: MyVisitsQuery, actor: Actor) -> VisitsView:
        return drops.my_visits(self.runtime.db, query, actor, now(), self.runtime.settings)

    @rpc(signed_in=True)
    def pass_for(self, query: PassQuery, actor: Actor) -> PassView:
        runtime = self.runtime
        return visits.pass_for(
            runtime.db, runtime.extras.signer, query, actor, now(), runtime.settings
        )

    @subscribe(OrderCancelled)
    def on_order_cancelled(self, event: OrderCancelled, tx: Tx) -> None:
        if event.paid:  # an unpaid order never gets as far as a courier
            drops.withdraw_drop(tx, event.aggregate_id, now())

    # the gate

    @rpc(permission=Permission.GATE_PASS)
    def check_pass(self, query: CheckPass, actor: Actor) -> VisitView:
        runtime = self.runtime
        return visits.check_pass(
            runtime.db, runtime.extras.signer, query, actor, now(), runtime.settings
        )

    @rpc(permission=Permission.GATE_PASS)
    def admit_visit(self, command: AdmitVisit, actor: Actor) -> VisitView:
        runtime, at = self.runtime, now()
        return gate.admit_visit(
            runtime.db, command, self._gate(command, actor), actor, at, runtime.settings
        )

    @rpc(permission=Permission.GATE_PASS)
    def refuse_visit(self, command: RefuseVisit, actor: Actor) -> VisitView:
        runtime, at = self.runtime, now()
        return gate.refuse_visit(
            runtime.db, command, self._gate(command, actor), actor, at, runtime.settings
        )

    @rpc(permission=Permission.GATE_PASS)
    def leave_visit(self, command: LeaveVisit, actor: Actor) -> VisitView:
        runtime, at = self.runtime, now()
        return gate.leave_visit(
            runtime.db, command, self._gate(command, actor), actor, at, runtime.settings
        )

    @rpc(permission=Permission.GATE_LOG_VIEW)
    def gate_log(self, query: GateLogQuery, actor: Actor) -> Page[VisitView]:
        return gate.gate_log(self.runtime.db, query, actor, now(), self.runtime.settings)

    @rpc(permission=Permission.GATE_LOG_VIEW)
    def visit(self, query: VisitQuery, actor: Actor) -> VisitView:
        return gate.visit(self.runtime.db, query, actor, now(), self.runtime.settings)

    @rpc(permission=Permission.GATE_LOG_VIEW)
    def order_visits(self, query: OrderVisitsQuery, actor: Actor) -> OrderVisitsView:
        return gate.order_visits(self.runtime.db, query, actor, now(), self.runtime.settings)

    @rpc(permission=Permission.OVERVIEW_VIEW)
    def counts(self, query: DeliveryCountsQuery, actor: Actor) -> DeliveryCounts:
        return gate.counts(self.runtime.db, query, actor, now(), self.runtime.settings)

    # by itself

    @every(seconds=10)
    def tell_identity_of_couriers(self) -> None:
        runtime = self.runtime
        couriers.tell_identity_of_couriers(runtime.db, runtime.services, now(), runtime.settings)

    @every(seconds=15)
    def expire_visits(self) -> None:
        visits.expire_visits(self.runtime.db, now(), self.runtime.settings)

    @every(seconds=3600)
    def forget_withdrawals(self) -> None:
        drops.forget_withdrawals(self.runtime.db, now(), self.runtime.settings)

    def _gate(self, command: AdmitVisit | RefuseVisit | LeaveVisit, actor: Actor) -> Gate:
        runtime = self.runtime
        return gate.find_gate(
            runtime.db, runtime.extras.gates, runtime.services, command, actor, now()
        )
