"""A case is handed on to a dispute, which decides in its place."""

from datetime import datetime

from services.contracts.after_sales import CaseState
from services.contracts.disputes import DisputeState, WrongDisputeState
from services.contracts.orders import InTrouble, OrderState, Party, Trouble, WrongState
from services.kernel.db import Tx
from services.orders.cases_store import Held, keep_case
from services.orders.domain.case import CaseAct
from services.orders.domain.order import Order
from services.orders.domain.wording_cases import ESCALATED
from services.orders.queries_cases import open_case_of
from services.orders.queries_disputes import is_settled
from services.orders.sagas.cases_exchange import stop_exchange


def hand_on(tx: Tx, held: Held, party: Party, now: datetime) -> None:
    """A dispute takes over from here; InTrouble when the order has something else open, WrongState
    when it is off since, WrongDisputeState when a dispute has decided since."""
    free = held.case.state is CaseState.REJECTED
    if free:
        _need_undecided(tx, held.order)
    if held.order.trouble is not (Trouble.NONE if free else Trouble.AFTER_SALE):
        raise InTrouble("something else is open", fields={"trouble": held.order.trouble.value})
    handed = held.case.over(CaseAct.ESCALATE, party, ESCALATED, now)
    keep_case(tx, held.case, handed)
    stop_exchange(tx, held.case, ESCALATED, now)


def _need_undecided(tx: Tx, order: Order) -> None:
    """What became of the order after the store's no may have settled the matter."""
    if order.state is OrderState.CANCELLED:
        raise WrongState(fields={"state": order.state.value})
    if is_settled(tx, order.order_id):
        raise WrongDisputeState("it was decided", fields={"state": DisputeState.CLOSED.value})


def escalate_open_case(tx: Tx, order: Order, now: datetime) -> None:
    """End the open case of a locked order, if it has one, because a dispute is being opened.

    WrongCaseState while the machine is at work on it: it is done in a moment.
    """
    case = open_case_of(tx, order.order_id)
    if case is not None:
        hand_on(tx, Held(order, case), Party.SYSTEM, now)
