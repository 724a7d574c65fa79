"""The shop's orders of the past: by day, by words, page by page, and as a spreadsheet."""

from flask import Blueprint, Response, request
from flask_babel import gettext

from gateway import guard, spreadsheet
from gateway.console.filters import day_begins, day_ends, day_words
from gateway.h5.merchant import my_store
from gateway.looks import deal_words, plain_look
from gateway.pages import after, draw, first_href, next_href, with_args, words
from gateway.parts import parts
from gateway.spreadsheet import Yuan
from gateway.wording import N_
from services.contracts.orders import OrderBrief, OrderState, StoreOrdersQuery
from services.kernel.wire import Page

blueprint = Blueprint("h5_past_orders", __name__)

KINDS: dict[str, list[OrderState]] = {
    "done": [OrderState.COMPLETED],
    "off": [OrderState.CANCELLED],
    "all": [],
}
HEADS = N_(
    "订单号|状态|怎么给|内容|地址|别的地址|备注|金额（元）|改单后（元）|已退（元）|下单时间|"
    "付款时间|预约时间|补差价的订单|订单编号"
)


@blueprint.get("/h5/merchant/orders")
def past_orders() -> str:
    """Completed ones unless others are asked for; newest first."""
    store = my_store(guard.me())
    query = _query(store.store_id)
    page = parts().backends.orders.store_orders(query)
    return draw(
        "h5/merchant/orders.html",
        store=store,
        kind=_kind(),
        days={name: day_words(name) for name in ("from", "until")},
        text=query.text,
        orders=page.items,
        kind_hrefs={kind: with_args(kind=kind, after=None) for kind in KINDS},
        next_href=next_href(page.next_after),
        first_href=first_href(),
    )


@blueprint.get("/h5/merchant/orders.xlsx")
def as_sheet() -> Response:
    """The same orders as a table."""
    store = my_store(guard.me())
    rows = (_row(order) for order in spreadsheet.every(_one_page, _query(store.store_id)))
    days = " ".join(filter(None, (day_words("from"), day_words("until"))))
    name = f"{store.store_name} {gettext('订单')} {days}".strip()
    return spreadsheet.sheet(name, gettext(HEADS), rows)


def _one_page(query: StoreOrdersQuery) -> Page[OrderBrief]:
    guard.act()  # a long file may take longer than an actor's token lives
    return parts().backends.orders.store_orders(query)


def _kind() -> str:
    kind = request.args.get("kind", "done")
    return kind if kind in KINDS else "done"


def _query(store_id: str) -> StoreOrdersQuery:
    return StoreOrdersQuery(
        store_id=store_id,
        states=KINDS[_kind()],
        placed_from=day_begins("from"),
        placed_until=day_ends("until"),
        text=words("text"),
        after=after(),
    )


def _row(order: OrderBrief) -> list[object]:
    return [
        order.number,
        gettext(plain_look(order).word),
        deal_words(order.fulfilment),
        order.summary,
        order.address,
        gettext("是") if order.other_address else "",
        order.remark,
        Yuan(order.amount_fen),
        Yuan(order.agreed_fen or order.amount_fen),
        Yuan(order.refunded_fen),
        order.placed_at,
        order.paid_at,
        order.slot_from,
        order.supplement_of,
        order.order_id,
    ]
