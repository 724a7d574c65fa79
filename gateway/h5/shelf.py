"""The merchant's shelf."""

from flask import Blueprint, Response, request

from gateway import guard
from gateway.h5.merchant import my_store
from gateway.pages import after, command, draw, next_href, number, write_once
from gateway.parts import parts
from services.contracts.catalog import ItemsQuery, SetStock
from services.contracts.identity import StoreMembership

blueprint = Blueprint("h5_shelf", __name__)


@blueprint.get("/h5/merchant/goods")
def goods() -> str:
    """Every item of the shop with its stock."""
    return _draw_goods(my_store(guard.me()), saved=request.args.get("saved"))


def _draw_goods(store: StoreMembership, **context: object) -> str:
    page = parts().backends.catalog.items(
        ItemsQuery(store_ids=[store.store_id], all_states=True, after=after())
    )
    return draw(
        "h5/merchant/goods.html",
        store=store,
        items=page.items,
        next_href=next_href(page.next_after),
        **context,
    )


@blueprint.post("/h5/merchant/goods/<sku_id>/stock")
def set_stock(sku_id: str) -> Response:
    """So many can be sold from now on; an empty field is no limit."""
    store = my_store(guard.me())

    def write() -> str:
        wish = command(SetStock, sku_id=sku_id, stock=number(request.form.get("stock", "")))
        parts().backends.catalog.set_stock(wish)
        return f"/h5/merchant/goods?store_id={store.store_id}&saved={sku_id}#sku-{sku_id}"

    return write_once(
        write, lambda _faults, notice: _draw_goods(store, faults={sku_id: notice["text"]})
    )
