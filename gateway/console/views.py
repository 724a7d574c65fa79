"""What staff see: the overview, merchants, visits, the books."""

from flask import Blueprint, request

from gateway.auditing import prove_all
from gateway.console.asking import ask_all
from gateway.console.staff import my_community, need_staff
from gateway.pages import after, draw, first_href, next_href, words
from gateway.parts import parts
from services.contracts.catalog import CatalogCountsQuery
from services.contracts.delivery import DeliveryCountsQuery, GateLogQuery, VisitState
from services.contracts.disputes import DisputeCountsQuery
from services.contracts.identity import (
    CommunityQuery,
    IdentityCountsQuery,
    MerchantsQuery,
)
from services.contracts.marketing import MarketingCountsQuery
from services.contracts.orders import StateCountsQuery
from services.contracts.permissions import Permission
from services.contracts.settlement import MoneyCountsQuery
from services.kernel.errors import Forbidden, Unavailable

blueprint = Blueprint("console", __name__)

SILENT_NAMES = {
    "community": "小区",
    "order_counts": "订单",
    "disputes": "纠纷",
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
    if Permission.ORDER_MEDIATE in who.permissions:
        questions["disputes"] = lambda: backends.orders.dispute_counts(
            DisputeCountsQuery(community_id=community_id)
        )
    if community_id:
        questions["community"] = lambda: backends.identity.community(
            CommunityQuery(community_id=community_id)
        )
    answers, silent = ask_all(questions)
    answers["order_counts"] = answers["order_counts"] or {}
    names = [SILENT_NAMES[name] for name in silent]
    return draw("console/overview.html", **answers, silent=names, dead=None)


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
