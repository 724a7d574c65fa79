"""catalog's entrypoints: parsed command in, use case, view out."""

from datetime import timedelta

from services.catalog import queries
from services.catalog.rights import need_see_all_states
from services.catalog.settings import Settings
from services.catalog.use_cases.commit_reservation import commit_paid_order, commit_reservation
from services.catalog.use_cases.put_item import put_item
from services.catalog.use_cases.release_reservation import (
    expire_reservations,
    release_cancelled_order,
    release_reservation,
)
from services.catalog.use_cases.reserve import reserve
from services.catalog.use_cases.return_pieces import return_pieces
from services.catalog.use_cases.set_stock import set_stock
from services.catalog.use_cases.swap_reservation import swap_reservation
from services.contracts.catalog import (
    CatalogCounts,
    CatalogCountsQuery,
    CommitReservation,
    ItemQuery,
    ItemsQuery,
    ItemView,
    PutItem,
    ReleaseReservation,
    Reserve,
    ReservedView,
    ReturnPieces,
    SetStock,
    SkuLinesView,
    SkusQuery,
    SkuView,
    SwapReservation,
)
from services.contracts.orders import OrderCancelled, OrderPaid
from services.contracts.permissions import Permission
from services.kernel.actor import Actor
from services.kernel.clock import now
from services.kernel.db import Tx
from services.kernel.entrypoints import every, rpc, subscribe
from services.kernel.runtime import Runtime
from services.kernel.wire import Done, Page


class CatalogService:
    """The shelf: the only source of price and stock."""

    name = "catalog"
    runtime = Runtime(Settings)

    # the shelf

    @rpc(permission=Permission.SHELF_EDIT)
    def put_item(self, command: PutItem, actor: Actor) -> ItemView:
        return put_item(self.runtime.db, command, actor, now())

    @rpc(permission=Permission.SHELF_EDIT)
    def set_stock(self, command: SetStock, actor: Actor) -> SkuView:
        return set_stock(self.runtime.db, command, actor, now())

    @rpc(public=True)
    def item(self, query: ItemQuery) -> ItemView:
        with self.runtime.db.reading() as tx:
            return queries.item(tx, query.item_id)

    @rpc(public=True)
    def items(self, query: ItemsQuery, actor: Actor | None = None) -> Page[ItemView]:
        need_see_all_states(actor, query)
        with self.runtime.db.reading() as tx:
            return queries.items(tx, query)

    @rpc(public=True)
    def skus(self, query: SkusQuery) -> SkuLinesView:
        with self.runtime.db.reading() as tx:
            return queries.sku_lines(tx, query.sku_ids)

    @rpc(permission=Permission.OVERVIEW_VIEW)
    def counts(self, query: CatalogCountsQuery) -> CatalogCounts:
        with self.runtime.db.reading() as tx:
            return queries.counts(tx)

    # stock

    @rpc(callers=("orders",))
    def reserve(self, command: Reserve) -> ReservedView:
        hold_max = timedelta(seconds=self.runtime.settings.hold_max_s)
        return reserve(self.runtime.db, command, now(), hold_max)

    @rpc(callers=("orders",))
    def release_reservation(self, command: ReleaseReservation) -> Done:
        return release_reservation(self.runtime.db, command, now())

    @rpc(callers=("orders",))
    def commit_reservation(self, command: CommitReservation) -> Done:
        return commit_reservation(self.runtime.db, command, now())

    @rpc(callers=("orders",))
    def swap_reservation(self, command: SwapReservation) -> ReservedView:
        return swap_reservation(self.runtime.db, command, now())

    @rpc(callers=("orders",))
    def return_pieces(self, command: ReturnPieces) -> Done:
        return return_pieces(self.runtime.db, command, now())

    @subscribe(OrderPaid)
    def on_order_paid(self, event: OrderPaid, tx: Tx) -> None:
        commit_paid_order(tx, event, now())

    @subscribe(OrderCancelled)
    def on_order_cancelled(self, event: OrderCancelled, tx: Tx) -> None:
        release_cancelled_order(tx, event, now())

    @every(seconds=5)
    def expire_reservations(self) -> None:
        expire_reservations(self.runtime.db, now(), self.runtime.settings.expire_batch)
