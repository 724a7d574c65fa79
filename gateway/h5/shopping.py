"""From a shop's shelf to the order: browse, choose, check, order."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask import Blueprint, Response, request
from flask_babel import gettext

from gateway import guard
from gateway.h5.resident import need_household
from gateway.pages import (
    PAGE_MAX,
    Faults,
    after,
    client_info,
    command,
    draw,
    next_href,
    words,
    write_once,
)
from gateway.parts import parts
from services.contracts.catalog import ItemsQuery, OutOfStock, SkuLine, SkusQuery
from services.contracts.identity import (
    HouseholdMembership,
    StoreKind,
    StoreQuery,
    StoresByIdQuery,
    StoresQuery,
    StoreView,
)
from services.contracts.orders import OrderLine, PlaceOrders
from services.kernel.errors import Malformed

blueprint = Blueprint("h5_shopping", __name__)

LINES_MAX = 50
QUANTITY_MAX = 999
PREFIX = "q."


@dataclass(frozen=True, slots=True)
class Line:
    """So many of one SKU, at today's price."""

    line: SkuLine
    quantity: int

    @property
    def amount_fen(self) -> int:
        return self.line.price_fen * self.quantity


@dataclass(frozen=True, slots=True)
class Group:
    """What is bought of one shop: it becomes one order."""

    store: StoreView
    lines: list[Line]

    @property
    def amount_fen(self) -> int:
        return sum(line.amount_fen for line in self.lines)


@blueprint.get("/h5/stores")
def stores() -> str:
    """Shops by kind, or shops and goods by words."""
    household = need_household(guard.me())
    kind = request.args.get("kind", "")
    kind = kind if kind in set(StoreKind) else ""
    text = words("text")
    page = parts().backends.identity.stores(
        StoresQuery(
            community_id=household.community_id,
            near_building_id=household.building_id,
            kind=StoreKind(kind) if kind else None,
            after=after(),
            limit=PAGE_MAX if text else 20,
        )
    )
    by_id = {store.store_id: store for store in page.items}
    items = []
    if text and by_id:
        found = parts().backends.catalog.items(ItemsQuery(store_ids=list(by_id), text=text))
        items = found.items
    shown = [s for s in page.items if not text or text in s.name or text in s.description]
    return draw(
        "h5/resident/stores.html",
        household=household,
        kind=kind,
        text=text,
        stores=shown,
        items=items,
        item_stores=by_id,
        next_href=next_href(page.next_after),
    )


@blueprint.get("/h5/stores/<store_id>")
def store(store_id: str) -> str:
    """One shop and its shelf."""
    who = guard.me()
    view = parts().backends.identity.store(StoreQuery(store_id=store_id))
    page = parts().backends.catalog.items(
        ItemsQuery(store_ids=[store_id], after=after(), limit=PAGE_MAX)
    )
    category = words("category", 30)
    return draw(
        "h5/resident/store.html",
        household=guard.household(who),
        store=view,
        items=[item for item in page.items if not category or item.category == category],
        quantities=quantities(request.args),
        category=category,
        categories=sorted({item.category for item in page.items}),
        text=words("text"),
        next_href=next_href(page.next_after),
    )


@blueprint.get("/h5/checkout")
def checkout() -> str:
    """What is about to be ordered."""
    return _draw_checkout(need_household(guard.me()), quantities(request.args))


@blueprint.post("/h5/orders")
def place() -> Response:
    """Order, then to the payment."""
    household = need_household(guard.me())
    chosen = quantities(request.form)

    def write() -> str:
        wish = command(
            PlaceOrders,
            household_id=household.household_id,
            lines=[OrderLine(sku_id=sku, quantity=count) for sku, count in chosen.items()],
            other_address=request.form.get("other_address", ""),
            remark=request.form.get("remark", ""),
            client=client_info(),
        )
        try:
            placed = parts().backends.orders.place_orders(wish)
        except OutOfStock as error:
            error.fields = {sku: _left(count) for sku, count in error.fields.items()}
            raise
        return f"/h5/pay/{placed.payment_id}"

    return write_once(
        write,
        lambda faults, notice: _draw_checkout(household, chosen, faults, notice["text"]),
    )


def quantities(source: Mapping[str, str]) -> dict[str, int]:
    """`q.<sku_id>=n` as SKU → count, without zeros; Malformed for what is no count."""
    chosen: dict[str, int] = {}
    for name, value in source.items():
        if not name.startswith(PREFIX) or not value.strip("0 "):
            continue
        if not (value.isascii() and value.isdigit()) or int(value[:6]) > QUANTITY_MAX:
            raise Malformed(fields={name.removeprefix(PREFIX): gettext("请填 1 到 999")})
        chosen[name.removeprefix(PREFIX)] = int(value)
    if len(chosen) > LINES_MAX:
        raise Malformed(f"at most {LINES_MAX} lines")
    return chosen


def _left(count: str) -> str:
    words = gettext("只剩 %(n)s 份", n=count) if count not in {"0", ""} else gettext("卖完了")
    return str(words)


def _draw_checkout(
    household: HouseholdMembership,
    chosen: dict[str, int],
    faults: Faults | None = None,
    changed: str = "",
) -> str:
    groups = _groups(chosen)
    return draw(
        "h5/resident/checkout.html",
        household=household,
        groups=groups,
        total_fen=sum(group.amount_fen for group in groups),
        faults=faults or {},
        changed=changed,
    )


def _groups(chosen: dict[str, int]) -> list[Group]:
    if not chosen:
        return []
    found = parts().backends.catalog.skus(SkusQuery(sku_ids=list(chosen)))
    by_store: dict[str, list[Line]] = {}
    for line in found.lines:
        by_store.setdefault(line.store_id, []).append(Line(line, chosen[line.sku_id]))
    known = parts().backends.identity.stores_by_id(StoresByIdQuery(store_ids=list(by_store)))
    return [Group(store, by_store[store.store_id]) for store in known.items]
