"""What is open beside an order's ordinary course, and what one may do about it."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from services.contracts.orders import Party
from services.kernel.actor import Actor
from services.kernel.db import Tx
from services.orders import queries_amendments, queries_cases, queries_disputes, queries_reviews
from services.orders.domain.order import Order
from services.orders.settings import Settings

May = Callable[[Tx, Actor, Order, list[Party], datetime, Settings], list[str]]
_MAY: Sequence[May] = (
    queries_amendments.may_amend,
    queries_cases.may_case,
    queries_disputes.may_dispute,
    queries_reviews.may_review,
)


class Beside(NamedTuple):
    """The newest amendment, case and dispute, and words of `OrderView.may`."""

    ids: dict[str, str | None]
    may: list[str]


def what_is_beside(
    tx: Tx, order: Order, actor: Actor, parties: list[Party], now: datetime, settings: Settings
) -> Beside:
    """Nothing is read for an order that nothing ever happened to."""
    may = [word for words in _MAY for word in words(tx, actor, order, parties, now, settings)]
    if not order.beside:
        return Beside({}, may)
    ids = {
        "amendment_id": queries_amendments.newest(tx, order.order_id),
        "case_id": queries_cases.newest(tx, order.order_id),
        "dispute_id": queries_disputes.newest(tx, order.order_id),
    }
    return Beside(ids, may)
