"""catalog: the shelf. The only source of price and stock."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import AwareDatetime, Field

from services.kernel.errors import Conflict, NotFound, Refused
from services.kernel.ids import Id
from services.kernel.money import PriceFen
from services.kernel.wire import Command, Event, PageQuery, Query, ShortText, View

Quantity = Annotated[int, Field(strict=True, ge=1, le=999)]


class ItemKind(StrEnum):
    """商品, 服务 or 会员卡."""

    GOODS = "goods"
    SERVICE = "service"
    CARD_PLAN = "card_plan"
    """A prepaid card: nothing is delivered, and its money stays with the property until spent."""


class Fulfilment(StrEnum):
    """How what is bought reaches its buyer: 送货上门, 到店自取, 上门服务, 到店服务."""

    DELIVERY = "delivery"
    PICKUP = "pickup"
    AT_HOME = "at_home"
    """A service at the buyer's home."""
    IN_STORE = "in_store"
    """Eaten, used or done at the store."""


GOODS_FULFILMENTS = (Fulfilment.DELIVERY, Fulfilment.PICKUP)
"""What an item offers that says nothing else."""


class ReservationState(StrEnum):
    """What became of pieces that were set aside for an order."""

    HELD = "held"
    COMMITTED = "committed"
    RELEASED = "released"
    EXPIRED = "expired"


# errors


class NoSuchItem(NotFound):
    """There is no such item or SKU."""

    code = "catalog.no_such_item"


class OutOfStock(Conflict):
    """There is not enough left; `fields` maps each SKU id to what is left."""

    code = "catalog.out_of_stock"


class OffShelf(Refused):
    """The item is not on the shelf."""

    code = "catalog.off_shelf"


class NotYourShelf(NotFound):
    """You do not work at this store."""

    code = "catalog.not_your_shelf"


class ReservationOver(Conflict):
    """The pieces set aside for this order have been given back."""

    code = "catalog.reservation_over"


# shelf


class SkuSpec(View):
    """One choice of an item; `stock` None is unlimited."""

    sku_id: Id
    name: str = Field(default="", max_length=60)
    price_fen: PriceFen
    stock: Annotated[int, Field(strict=True, ge=0, le=1_000_000)] | None = None
    gift_fen: PriceFen = 0
    """For a card plan: what the merchant promises on top of the price. Else 0."""


class PutItem(Command):
    """Create an item or change it as a whole; stock of known SKUs is left alone (see SetStock)."""

    item_id: Id
    store_id: Id
    category: Annotated[str, Field(min_length=1, max_length=30)]
    kind: ItemKind = ItemKind.GOODS
    name: Annotated[str, Field(min_length=1, max_length=60)]
    description: str = Field(default="", max_length=2000)
    picture: ShortText = ""
    on_shelf: bool = True
    sort: int = Field(default=0, ge=-100_000, le=100_000)
    fulfilments: Annotated[list[Fulfilment], Field(max_length=4)] = []
    """Empty: delivery and pick-up."""
    slot_minutes: Annotated[int, Field(strict=True, ge=0, le=480)] = 0
    """Length of an appointment; 0 where none is made. Slots begin at whole multiples from 8:00."""
    slot_capacity: Annotated[int, Field(strict=True, ge=1, le=50)] = 1
    """How many appointments of the same hour are taken."""
    skus: Annotated[list[SkuSpec], Field(min_length=1, max_length=50)]


class SetStock(Command):
    """Count the shelf: from now on `stock` pieces may be sold beyond those set aside."""

    sku_id: Id
    stock: Annotated[int, Field(strict=True, ge=0, le=1_000_000)] | None


class SkuView(View):
    """`stock` is what can be bought now; None is unlimited."""

    sku_id: Id
    name: str
    price_fen: int
    stock: int | None
    gift_fen: int = 0


class ItemView(View):
    """An item with its SKUs."""

    item_id: Id
    store_id: Id
    category: str
    kind: ItemKind
    name: str
    description: str = ""
    picture: str = ""
    on_shelf: bool
    fulfilments: list[Fulfilment] = list(GOODS_FULFILMENTS)
    slot_minutes: int = 0
    slot_capacity: int = 1
    skus: list[SkuView]


class ItemQuery(Query):
    """One item by id."""

    item_id: Id


class ItemsQuery(PageQuery):
    """Items of a store or of a category in several stores, on the shelf unless `all_states`.

    `text` finds part of a name.
    """

    store_ids: Annotated[list[Id], Field(max_length=100)] = []
    category: str | None = Field(default=None, max_length=30)
    text: str = Field(default="", max_length=60)
    all_states: bool = False


class SkusQuery(Query):
    """Several SKUs at once: what a cart shows before it is ordered."""

    sku_ids: Annotated[list[Id], Field(min_length=1, max_length=100)]


class SkuLine(View):
    """A SKU with the item and store that it belongs to."""

    sku_id: Id
    item_id: Id
    store_id: Id
    item_name: str
    sku_name: str
    picture: str = ""
    price_fen: int
    stock: int | None
    on_shelf: bool
    kind: ItemKind = ItemKind.GOODS
    gift_fen: int = 0
    fulfilments: list[Fulfilment] = list(GOODS_FULFILMENTS)
    slot_minutes: int = 0
    slot_capacity: int = 1


class SkuLinesView(View):
    """Unknown SKUs are left out."""

    lines: list[SkuLine]


# stock


class ReserveLine(View):
    """So many of one SKU."""

    sku_id: Id
    quantity: Quantity


class Reserve(Command):
    """Set pieces aside for one act of ordering; all or nothing.

    `reservation_id` names the set. It is given back by itself at `hold_until` unless it was
    committed or released before. Errors: NoSuchItem, OffShelf, OutOfStock.
    """

    reservation_id: Id
    lines: Annotated[list[ReserveLine], Field(min_length=1, max_length=50)]
    hold_until: AwareDatetime


class ReservedLine(View):
    """What was set aside, with the price that now stands for the order."""

    sku_id: Id
    item_id: Id
    store_id: Id
    item_name: str
    sku_name: str
    kind: ItemKind
    category: str
    picture: str = ""
    quantity: int
    price_fen: int
    gift_fen: int = 0
    """Of one piece, as the price is."""
    fulfilments: list[Fulfilment] = list(GOODS_FULFILMENTS)
    slot_minutes: int = 0
    slot_capacity: int = 1


class ReservedView(View):
    """The lines in the order they were asked for."""

    reservation_id: Id
    lines: list[ReservedLine]


class ReleaseReservation(Command):
    """Give the pieces of some lines (all when empty) back; a second time does nothing."""

    reservation_id: Id
    sku_ids: Annotated[list[Id], Field(max_length=50)] = []


class CommitReservation(Command):
    """The pieces are sold."""

    reservation_id: Id
    sku_ids: Annotated[list[Id], Field(max_length=50)] = []


class SwapReservation(Command):
    """One set of pieces in the place of others: what an amended order has aside from now on.

    In one transaction the pieces of `from_ids` go back and `lines` are taken, sold at once, under
    `reservation_id`; each stock changes by the difference, so what the others had aside cannot run
    out on the way. The orders of one cart share a reservation: all `lines` are of one store, and
    only that store's lines of `from_ids` go back, of the first one only `sku_ids` where they are
    named. A SKU that was aside keeps its price (that of the first of `from_ids` that has it) and
    may be off the shelf by now.

    The same `reservation_id` again changes nothing. Errors: ReservationOver when a line of
    `from_ids` was given back, or expired and cannot be had again; OutOfStock when `lines` want more
    than was aside and is left; NoSuchItem and OffShelf for SKUs that were not aside.
    """

    reservation_id: Id
    from_ids: Annotated[list[Id], Field(min_length=1, max_length=2)]
    sku_ids: Annotated[list[Id], Field(max_length=50)] = []
    lines: Annotated[list[ReserveLine], Field(min_length=1, max_length=50)]


class ReturnPieces(Command):
    """Pieces that a buyer brought back are for sale again; once for each `return_id`."""

    return_id: Id
    lines: Annotated[list[ReserveLine], Field(min_length=1, max_length=50)]


class CatalogCountsQuery(Query):
    """Numbers for the staff overview."""


class CatalogCounts(View):
    """Items on the shelf and in all."""

    items: int
    items_on_shelf: int
    skus_sold_out: int


class StockShort(Event):
    """An order was paid after its pieces had gone back and been sold to somebody else.

    `aggregate_id` is the order; `sku_ids` are the lines that cannot be served.
    """

    name: ClassVar[str] = "stock.short"
    source: ClassVar[str] = "catalog"
    sku_ids: list[Id]
