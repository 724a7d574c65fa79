"""What one of two rival processes does: at each stroke of a barrier it resolves the next order."""

from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier
from typing import Any

from services.contracts.orders import RefundTo
from services.contracts.settlement import AlreadyResolved, PaymentView
from services.kernel.db import Database
from services.kernel.entrypoints import rerun_on_conflict
from tests.support.settlement import Books

STROKE_S = 20.0
WON = "won"


@dataclass(frozen=True)
class Contested:
    """One order of a payment, and where its money goes if it is refunded."""

    payment: PaymentView
    index: int
    to: RefundTo


def resolve_all(
    url: str, releases: bool, orders: Sequence[Contested], barrier: Barrier, answers: Any
) -> None:
    """Release each (or refund it) at once with the rival; WON or the error's code and state."""
    db = Database(url, pool_size=1)
    books = Books(db)
    try:
        answers.put([_resolve(books, releases, order, barrier) for order in orders])
    finally:
        db.dispose()


def _resolve(books: Books, releases: bool, order: Contested, barrier: Barrier) -> str:
    def once() -> None:
        if releases:
            books.complete(order.payment, order.index)
        else:
            books.cancel(order.payment, order.index, order.to)

    barrier.wait(STROKE_S)
    try:
        rerun_on_conflict("rival", once)
    except AlreadyResolved as error:
        return f"{error.code} {error.fields['state']}"
    return WON
