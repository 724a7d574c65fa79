"""orders' entrypoints for looking: lists, one order, its record, the desk, and work that hangs."""

from typing import Any

from services.contracts.orders import (
    AllOrdersQuery,
    CodeQuery,
    DeskQuery,
    DeskView,
    HouseholdOrdersQuery,
    MessageView,
    OrderAmount,
    OrderAmountsQuery,
    OrderBrief,
    OrderQuery,
    OrderRecord,
    OrderView,
    RecordQuery,
    RetrySaga,
    SagasQuery,
    SagaView,
    StateCounts,
    StateCountsQuery,
    StoreOrdersQuery,
    TakenSlots,
    TakenSlotsQuery,
    ThreadQuery,
)
from services.contracts.permissions import Permission
from services.kernel.actor import Actor
from services.kernel.clock import now
from services.kernel.entrypoints import rpc
from services.kernel.wire import Page
from services.orders.record_view import see_record
from services.orders.use_cases import hand_over, show_orders, show_sagas, talk
from services.orders.views import order_view


class ReadingEntry:
    """Questions about orders."""

    runtime: Any

    @rpc(signed_in=True)
    def order(self, query: OrderQuery, actor: Actor) -> OrderView:
        return order_view(self.runtime.db, query.order_id, actor, now(), self.runtime.settings)

    @rpc(signed_in=True)
    def record(self, query: RecordQuery, actor: Actor) -> OrderRecord:
        return see_record(self.runtime.db, query, actor, now(), self.runtime.settings)

    @rpc(signed_in=True)
    def thread(self, query: ThreadQuery, actor: Actor) -> Page[MessageView]:
        return talk.see_thread(self.runtime.db, query, actor)

    @rpc(signed_in=True)
    def household_orders(self, query: HouseholdOrdersQuery, actor: Actor) -> Page[OrderBrief]:
        return show_orders.household_orders(self.runtime.db, query, actor)

    @rpc(signed_in=True)
    def store_orders(self, query: StoreOrdersQuery, actor: Actor) -> Page[OrderBrief]:
        return show_orders.store_orders(self.runtime.db, query, actor, now())

    @rpc(permission=Permission.ORDER_VIEW_ANY)
    def all_orders(self, query: AllOrdersQuery, actor: Actor) -> Page[OrderBrief]:
        return show_orders.all_orders(self.runtime.db, query, actor, now())

    @rpc(signed_in=True)
    def counts(self, query: StateCountsQuery, actor: Actor) -> StateCounts:
        return show_orders.count_states(self.runtime.db, query, actor, now())

    @rpc(permission=Permission.STORE_ORDER_HANDLE)
    def desk(self, query: DeskQuery, actor: Actor) -> DeskView:
        return show_orders.show_desk(self.runtime.db, query, actor)

    @rpc(permission=Permission.STORE_ORDER_HANDLE)
    def order_by_code(self, query: CodeQuery, actor: Actor) -> OrderView:
        run = self.runtime
        return hand_over.order_by_code(run.db, query, actor, now(), run.settings)

    @rpc(public=True)
    def taken_slots(self, query: TakenSlotsQuery) -> TakenSlots:
        return show_orders.taken_slots(self.runtime.db, query)

    @rpc(permission=Permission.MONEY_AUDIT)
    def order_amounts(self, query: OrderAmountsQuery) -> Page[OrderAmount]:
        return show_orders.order_amounts(self.runtime.db, query)

    # work across services that hangs

    @rpc(permission=Permission.SAGA_RETRY)
    def sagas(self, query: SagasQuery, actor: Actor) -> Page[SagaView]:
        return show_sagas.see_sagas(self.runtime.db, query, actor, now(), self.runtime.settings)

    @rpc(permission=Permission.SAGA_RETRY)
    def retry_saga(self, command: RetrySaga, actor: Actor) -> SagaView:
        run = self.runtime
        return show_sagas.retry_saga(run.db, run.services, command, actor, now(), run.settings)
