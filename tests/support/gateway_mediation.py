"""Orders and delivery as the console's pages of quarrels, records and reviews see them."""

from typing import Any

from services.contracts import amendments, delivery, orders, reviews
from services.kernel.wire import Page
from tests.support.gateway import World, me
from tests.unit.ui import samples_mediation as m
from tests.unit.ui import samples_treasury as t

ORDER_ID, DISPUTE, SAGA, STORE = m.ORDER.order_id, m.DISPUTE, m.SAGA, m.ORDER.store_id
NEXT = "0q-next"


def page_of(*items: Any, next_after: str | None = None) -> Page[Any]:
    """One page of an answer."""
    return Page[Any](items=list(items), next_after=next_after)


ANSWERS: dict[str, Any] = {
    "orders.order": m.ORDER,
    "orders.record": m.record(),
    "orders.all_orders": page_of(*m.LISTED_ORDERS, next_after=NEXT),
    "orders.amendments": amendments.AmendmentsView(amendments=[m.amendment()]),
    "orders.cases": page_of(m.case()),
    "orders.cancel_order": m.ORDER,
    "orders.disputes": page_of(*m.QUEUE, next_after=NEXT),
    "orders.dispute_counts": m.COUNTS,
    "orders.case_file": m.case_file(),
    "orders.take_dispute": m.dispute("mediating"),
    "orders.ask_party": m.dispute("mediating"),
    "orders.rule_dispute": m.dispute("ruled"),
    "orders.pass_to_manager": m.dispute("appealed"),
    "orders.decide_appeal": m.dispute("closed"),
    "orders.precedents": page_of(m.PRECEDENT, next_after=NEXT),
    "orders.merchants_stats": page_of(m.stats(0), m.stats(1), next_after=NEXT),
    "orders.reviews": page_of(*m.REVIEWS, next_after=NEXT),
    "orders.store_scores": reviews.StoreScores(scores=[m.SCORE]),
    "orders.hide_review": m.REVIEWS[2],
    "orders.sagas": page_of(*m.SAGAS, next_after=NEXT),
    "orders.retry_saga": m.SAGAS[0],
    "delivery.order_visits": delivery.OrderVisitsView(visits=[m.order_visit()]),
    "settlement.order_money": t.order_money("frozen"),
}


def with_mediation(world: World) -> World:
    """The world with a quarrel in it, and everything that the console asks about it."""
    world.services.answers |= ANSWERS
    return world


def asked(world: World, name: str) -> Any:
    """The newest question under this name."""
    return world.services.questions(name)[-1]


def staff_of(world: World, *communities: str) -> None:
    """Whoever is at the desk looks after these communities."""
    present = world.services.answers.get("identity.me") or me()
    world.services.answers["identity.me"] = present.model_copy(
        update={"communities": list(communities)}
    )


def many_orders(count: int) -> Any:
    """Pages of a list with so many rows, as the service would cut them."""
    row = orders.OrderBrief.model_validate(m.ORDER.model_dump())

    def answer(query: orders.AllOrdersQuery) -> Page[Any]:
        begin = int(query.after or 0)
        end = min(begin + query.limit, count)
        rows = [row] * (end - begin)
        return Page[Any].model_construct(items=rows, next_after=str(end) if end < count else None)

    return answer
