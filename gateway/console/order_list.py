"""Every order, searched by anything and filtered, as a table and as a spreadsheet."""

from flask import Blueprint, Response, request
from flask_babel import gettext

from gateway import guard, spreadsheet
from gateway.console.filters import (
    chosen_community,
    community_names,
    day_begins,
    day_ends,
    day_words,
)
from gateway.console.money.reading import chosen, list_links, one_id
from gateway.console.staff import need_staff
from gateway.looks import deal_words, look_of, plain_look
from gateway.pages import after, draw, words
from gateway.parts import parts
from gateway.spreadsheet import Yuan
from gateway.wording import N_
from services.contracts.catalog import Fulfilment
from services.contracts.identity import MeView
from services.contracts.orders import AllOrdersQuery, OrderBrief, OrderState, Trouble
from services.kernel.wire import Page

blueprint = Blueprint("console_orders", __name__)

TROUBLES = [trouble for trouble in Trouble if trouble is not Trouble.NONE]
HEADS = N_(
    "订单号|订单编号|支付单编号|状态|特殊情况|超时|怎么给|店铺|内容|送到|别的地址|备注|"
    "付款金额（元）|约定金额（元）|已退（元）|下单时间|付款时间|预约时间|补差价的订单"
)


@blueprint.get("/console/orders")
def orders() -> str | Response:
    """The orders in reach, newest first; what was searched for stays in the address."""
    who = need_staff()
    query = query_of(who)
    if spreadsheet.wanted():
        return _as_sheet(query)
    page = parts().backends.orders.all_orders(query)
    return draw(
        "console/orders.html",
        query=query,
        days={name: day_words(name) for name in ("from", "until")},
        states=list(OrderState),
        fulfilments=list(Fulfilment),
        troubles=TROUBLES,
        communities=community_names(who),
        orders=page.items,
        **list_links("/console/orders", page.next_after),
    )


def query_of(who: MeView) -> AllOrdersQuery:
    """The question that the address asks."""
    state, trouble = chosen(OrderState), chosen(Trouble, "trouble")
    fulfilment = chosen(Fulfilment, "fulfilment")
    return AllOrdersQuery(
        community_id=chosen_community(who),
        merchant_id=one_id("merchant_id"),
        states=[state] if state else [],
        fulfilments=[fulfilment] if fulfilment else [],
        troubles=[trouble] if trouble else [],
        late=True if request.args.get("late") == "1" else None,
        placed_from=day_begins("from"),
        placed_until=day_ends("until"),
        text=words("text"),
        after=after(),
        limit=50,
    )


def _as_sheet(query: AllOrdersQuery) -> Response:
    rows = (_row(order) for order in spreadsheet.every(_one_page, query))
    return spreadsheet.sheet(gettext("订单"), gettext(HEADS), rows)


def _one_page(query: AllOrdersQuery) -> Page[OrderBrief]:
    guard.act()  # fifty thousand rows may take longer than an actor's token lives
    return parts().backends.orders.all_orders(query)


def _row(order: OrderBrief) -> list[object]:
    trouble = order.trouble
    return [
        order.number,
        order.order_id,
        order.payment_id,
        gettext(plain_look(order).word),
        gettext(look_of(trouble, "trouble").word) if trouble is not Trouble.NONE else "",
        gettext("是") if order.late else "",
        deal_words(order.fulfilment),
        order.store_name,
        order.summary,
        order.address,
        gettext("是") if order.other_address else "",
        order.remark,
        Yuan(order.amount_fen),
        Yuan(order.agreed_fen),
        Yuan(order.refunded_fen),
        order.placed_at,
        order.paid_at,
        order.slot_from,
        order.supplement_of,
    ]
