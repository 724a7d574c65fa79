"""Browsing: the shops of the community, one shop's shelf, what its buyers say of it."""

from collections.abc import Iterable

from flask import Blueprint, request

from gateway import guard
from gateway.h5.cart import carried, quantities
from gateway.h5.resident import need_household
from gateway.h5.scores import scores_of
from gateway.pages import PAGE_MAX, after, draw, next_href, words
from gateway.parts import parts
from services.contracts.catalog import ItemsQuery, ItemView
from services.contracts.identity import StoreKind, StoreQuery, StoresQuery
from services.contracts.reviews import ReviewsQuery, ReviewView
from services.kernel.errors import Unavailable

blueprint = Blueprint("h5_shopping", __name__)

LATEST_REVIEWS = 2


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
    items = _items_called(text, by_id)
    shown = [s for s in page.items if not text or text in s.name or text in s.description]
    return draw(
        "h5/resident/stores.html",
        household=household,
        kind=kind,
        text=text,
        stores=shown,
        scores=scores_of([store.store_id for store in shown]),
        items=items,
        item_stores=by_id,
        carried=carried(quantities(request.args)),
        next_href=next_href(page.next_after),
    )


def _items_called(text: str, store_ids: Iterable[str]) -> list[ItemView]:
    ids = list(store_ids)
    if not text or not ids:
        return []
    return parts().backends.catalog.items(ItemsQuery(store_ids=ids, text=text)).items


@blueprint.get("/h5/stores/<store_id>")
def store(store_id: str) -> str:
    """One shop and its shelf."""
    who = guard.me()
    view = parts().backends.identity.store(StoreQuery(store_id=store_id))
    page = parts().backends.catalog.items(
        ItemsQuery(store_ids=[store_id], after=after(), limit=PAGE_MAX)
    )
    category = words("category", 30)
    shown = [item for item in page.items if not category or item.category == category]
    chosen = quantities(request.args)
    here = {sku.sku_id for item in shown for sku in item.skus}
    return draw(
        "h5/resident/store.html",
        household=guard.household(who),
        store=view,
        score=scores_of([store_id]).get(store_id),
        reviews=_latest_reviews(store_id),
        items=shown,
        quantities=chosen,
        elsewhere={sku: count for sku, count in chosen.items() if sku not in here},
        carried=carried(chosen),
        category=category,
        categories=sorted({item.category for item in page.items}),
        text=words("text"),
        next_href=next_href(page.next_after),
    )


def _latest_reviews(store_id: str) -> list[ReviewView]:
    """None while orders is silent: the shelf matters more."""
    question = ReviewsQuery(store_id=store_id, limit=LATEST_REVIEWS)
    try:
        return parts().backends.orders.reviews(question).items
    except Unavailable:
        return []
