"""The books as settlement proves them, and ledger = orders: the two brought together by pages."""

from collections.abc import Iterator

from gateway.backends import Backends
from services.contracts.orders import OrderAmount, OrderAmountsQuery
from services.contracts.settlement import AuditQuery, AuditView, MatchOrders, Proof
from services.kernel.errors import InvariantBroken
from services.kernel.wire import PAGE_SIZE_MAX

PAGES_MAX = 2000
DIFFERENCES_MAX = 100


def prove_all(backends: Backends, *, with_channels: bool = True) -> AuditView:
    """Every proof; neither service asks the other, so that neither can hide behind the other."""
    view = backends.settlement.audit(AuditQuery(with_channels=with_channels))
    pages = [
        backends.settlement.match_orders(MatchOrders(orders=page)) for page in _amounts(backends)
    ]
    if not pages:
        return view
    matched = _joined(pages)
    proofs = [*view.proofs, matched]
    return view.model_copy(update={"proofs": proofs, "proved": view.proved and matched.holds})


def _amounts(backends: Backends) -> Iterator[list[OrderAmount]]:
    after: str | None = None
    for _ in range(PAGES_MAX):
        page = backends.orders.order_amounts(OrderAmountsQuery(after=after, limit=PAGE_SIZE_MAX))
        if page.items:
            yield page.items
        after = page.next_after
        if after is None:
            return
    raise InvariantBroken(f"more than {PAGES_MAX * PAGE_SIZE_MAX} orders: audit by the command")


def _joined(proofs: list[Proof]) -> Proof:
    differences = [line for proof in proofs for line in proof.differences]
    return proofs[0].model_copy(
        update={
            "holds": all(proof.holds for proof in proofs),
            "checked": sum(proof.checked for proof in proofs),
            "differences": differences[:DIFFERENCES_MAX],
        }
    )
