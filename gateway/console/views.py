"""What staff see: the overview, orders, merchants, visits, the books."""

from flask import Blueprint, Response, request

from gateway.auditing import prove_all
from gateway.console.asking import ask_all
from gateway.console.flow import flow_of
from gateway.console.money.books import CORRECTABLE
from gateway.console.staff import my_community, need_staff
from gateway.pages import (
    after,
    client_info,
    command,
    draw,
    first_href,
    next_href,
    words,
    write_once,
)
from gateway.parts import parts
from services.contracts.catalog import CatalogCountsQuery
from services.contracts.delivery import DeliveryCountsQuery, GateLogQuery, VisitState
from services.contracts.identity import (
    CommunityQuery,
    IdentityCountsQuery,
    MerchantsQuery,
)
from services.contracts.marketing import MarketingCountsQuery
from services.contracts.orders import (
    AllOrdersQuery,
    CancelOrder,
    OrderQuery,
    OrderState,
    StateCountsQuery,
)
from services.contracts.settlement import MoneyCountsQuery, OrderMoneyQuery
from services.kernel.errors import Forbidden, NotFound, Unavailable

blueprint = Blueprint("console", __name__)

SILENT_NAMES = {
    "community": "小区",
    "order_counts": "订单",
    "money": "账务",
    "delivery": "进出",
    "people": "居民和商家",
    "shelf": "商品",
    "notices": "通知",
}


@blueprint.get("/console/")
def overview() -> str:
    """What goes on now."""
    who = need_staff()
    backends, community_id = parts().backends, my_community(who)
    questions = {
        "order_counts": lambda: (
            backends.orders.counts(StateCountsQuery(community_id=community_id)).counts
        ),
        "money": lambda: backends.settlement.counts(MoneyCountsQuery()),
        "delivery": lambda: backends.delivery.counts(
            DeliveryCountsQuery(community_id=community_id)
        ),
        "people": lambda: backends.identity.counts(IdentityCountsQuery(community_id=community_id)),
        "shelf": lambda: backends.catalog.counts(CatalogCountsQuery()),
        "notices": lambda: backends.marketing.counts(MarketingCountsQuery()),
    }
    if community_id:
        questions["community"] = lambda: backends.identity.community(
            CommunityQuery(community_id=community_id)
        )
    answers, silent = ask_all(questions)
    answers["order_counts"] = answers["order_counts"] or {}
    names = [SILENT_NAMES[name] for name in silent]
    return draw("console/overview.html", **answers, silent=names, dead=None)


@blueprint.get("/console/orders")
def orders() -> str:
    """Every order, filtered."""
    who = need_staff()
    state = request.args.get("state", "")
    states = [OrderState(state)] if state in set(OrderState) else []
    page = parts().backends.orders.all_orders(
        AllOrdersQuery(
            community_id=my_community(who), states=states, text=words("text"), after=after()
        )
    )
    return draw(
        "console/orders.html",
        text=words("text"),
        state=state,
        states=[one.value for one in OrderState],
        orders=page.items,
        next_href=next_href(page.next_after),
        first_href=first_href(),
    )


@blueprint.get("/console/orders/<order_id>")
def order(order_id: str) -> str:
    """One order, its timeline, and its money where that may be seen."""
    need_staff()
    return draw_order(order_id)


def draw_order(order_id: str, **context: object) -> str:
    """The order's page; also after a refusal, with what was typed."""
    backends = parts().backends
    view = backends.orders.order(OrderQuery(order_id=order_id))
    try:
        money = backends.settlement.order_money(OrderMoneyQuery(order_id=order_id))
    except (Forbidden, NotFound, Unavailable):
        money = None
    flow = flow_of(money) if money else None
    return draw(
        "console/order.html",
        order=view,
        money=money,
        flow=flow,
        correctable=CORRECTABLE,
        **context,
    )


@blueprint.post("/console/orders/<order_id>/cancel")
def cancel(order_id: str) -> Response:
    """Take an order back; the reason is on record."""
    need_staff()

    def write() -> str:
        reason = request.form.get("reason", "").strip()
        wish = command(CancelOrder, order_id=order_id, reason=reason, client=client_info())
        parts().backends.orders.cancel_order(wish)
        return f"/console/orders/{order_id}"

    return write_once(
        write, lambda faults, notice: draw_order(order_id, faults=faults, notice=notice)
    )


@blueprint.get("/console/merchants")
def merchants() -> str:
    """All merchants and who vouches for them."""
    need_staff()
    page = parts().backends.identity.merchants(MerchantsQuery(text=words("text"), after=after()))
    return draw(
        "console/merchants.html",
        text=words("text"),
        merchants=page.items,
        next_href=next_href(page.next_after),
        first_href=first_href(),
    )


@blueprint.get("/console/visits")
def visits() -> str:
    """Who came and left."""
    who = need_staff()
    state = request.args.get("state", "")
    states = [VisitState(state)] if state in set(VisitState) else []
    community_id = my_community(who)
    if community_id is None:
        raise Forbidden("looks after no community")
    page = parts().backends.delivery.gate_log(
        GateLogQuery(community_id=community_id, states=states, after=after())
    )
    return draw(
        "console/visits.html",
        state=state,
        visits=page.items,
        next_href=next_href(page.next_after),
        first_href=first_href(),
    )


@blueprint.get("/console/audit")
def audit() -> str:
    """The books, proved or not."""
    need_staff()
    try:
        proved = prove_all(parts().backends)
    except Unavailable:
        proved = None
    return draw("console/audit.html", audit=proved)
