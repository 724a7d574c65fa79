"""Carry an accepted amendment out: pieces, the difference, the new lines, money back.

Whatever is refused on the way undoes what was done, and the order is as it was. Once the new lines
stand nothing may be refused any more: what then fails hangs, and staff see it.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from services.contracts.catalog import (
    ReleaseReservation,
    Reserve,
    ReservedView,
    ReserveLine,
    SwapReservation,
)
from services.contracts.orders import OrderState, Party, RefundTo, Trouble, WrongState
from services.contracts.orders import Step as Told
from services.contracts.settlement import (
    OpenPayment,
    OrderMoneyView,
    PaymentView,
    RefundOrder,
    TooMuch,
)
from services.kernel import outbox
from services.kernel.db import Tx
from services.kernel.errors import InvariantBroken, Refused
from services.kernel.ids import derived_id
from services.kernel.wire import Done
from services.orders import locks, queries_cases
from services.orders.domain.amendment import Amendment, AmendmentAct, applied, parts_back
from services.orders.domain.doer import SYSTEM, Doer
from services.orders.domain.order import Order
from services.orders.domain.saga import Saga
from services.orders.domain.supplement import supplement_of
from services.orders.domain.wording_amendments import (
    WHY_CANCELLED,
    amended_words,
    change_words,
    why_failed,
)
from services.orders.ending import calm, cancel_paid
from services.orders.events import trouble
from services.orders.queries_amendments import need_amendment, of_order
from services.orders.sagas.engine import At, Step, Steps
from services.orders.store import Change, insert_placed, keep, record
from services.orders.use_cases.amendments.over import BOTH, go_on
from services.orders.use_cases.amendments.rows import insert_lines, keep_amendment, leave_seat
from services.orders.use_cases.amendments.supplements import DEARER
from services.orders.use_cases.close_payment import begin_closing

OPEN_UNPAID = (OrderState.CLOSING, OrderState.CANCELLED)

# pieces


def _more_id(saga: Saga) -> str:
    return derived_id("reservation", "amend.more", saga.subject_id)


def _new_id(saga: Saga) -> str:
    return derived_id("reservation", "amend", saga.subject_id)


def _wanted(pieces: Mapping[str, int]) -> list[ReserveLine]:
    return [ReserveLine(sku_id=sku_id, quantity=n) for sku_id, n in pieces.items()]


def _reserve_more(at: At, saga: Saga) -> None:
    """Only what is wanted besides what is aside; the shelf refuses here what it has not."""
    if saga.facts["more"]:
        reserve = Reserve(
            request_id=f"amend.{saga.subject_id}",
            reservation_id=_more_id(saga),
            lines=_wanted(saga.facts["more"]),
            hold_until=saga.facts["hold_until"],
        )
        at.services.catalog.reserve(reserve, answer=ReservedView, deadline_ms=1500)


def _release_more(at: At, saga: Saga) -> None:
    if saga.facts["more"]:
        _release(at, saga, _more_id(saga))


def _swap(at: At, saga: Saga) -> None:
    """One set in the place of both, sold at once."""
    if saga.facts["pieces"]:
        from_ids = [saga.facts["reservation_id"], *([_more_id(saga)] if saga.facts["more"] else [])]
        swap = SwapReservation(
            request_id=f"amend.{saga.subject_id}",
            reservation_id=_new_id(saga),
            from_ids=from_ids,
            sku_ids=saga.facts["sku_ids"],  # the cart's other orders share the reservation
            lines=_wanted(saga.facts["pieces"]),
        )
        at.services.catalog.swap_reservation(swap, answer=ReservedView, deadline_ms=2000)


def _release_new(at: At, saga: Saga) -> None:
    """The order was cancelled meanwhile: its old pieces went with the swap."""
    if saga.facts["pieces"]:
        _release(at, saga, _new_id(saga))


def _release(at: At, saga: Saga, reservation_id: str) -> None:
    release = ReleaseReservation(
        request_id=f"amend.{saga.subject_id}", reservation_id=reservation_id
    )
    at.services.catalog.release_reservation(release, answer=Done, deadline_ms=1500)


# the difference


def _write_supplement(tx: Tx, at: At, saga: Saga, _answer: Any) -> Mapping[str, Any]:
    """Kept before its payment is opened: money never comes for an order that is not there."""
    order, amendment = _both(tx, saga)
    payer = Doer(**{**saga.facts["payer"], "party": Party.RESIDENT})
    pay_before = at.now + timedelta(seconds=at.settings.unpaid_after_s)
    supplement = supplement_of(order, amendment, payer, at.now, pay_before)
    small = supplement.placed.order
    insert_placed(tx, [supplement.placed], payer, at.now)
    waiting = amendment.moved(
        AmendmentAct.ASK_MONEY,
        Party.SYSTEM,
        supplement_id=small.order_id,
        payment_id=small.payment_id,
        deadline_at=pay_before,
    )
    keep_amendment(tx, amendment, waiting)
    return {"payment": supplement.payment.model_dump(mode="json")}


def _drop_supplement(tx: Tx, at: At, saga: Saga, _answer: Any) -> None:
    """Paid: its money goes back. Never opened: given up, for the sweep to see to."""
    amendment = need_amendment(tx, saga.order_id, saga.subject_id)
    if amendment.supplement_id is None:
        return
    small = locks.order_for_update(tx, amendment.supplement_id)
    why = why_failed(saga.facts, saga.last_error)
    if small.state is OrderState.AWAITING_PAYMENT:
        begin_closing(tx, [small], SYSTEM, why, at.now, retry_at=at.now)
    elif small.state not in OPEN_UNPAID:
        cancel_paid(tx, small, SYSTEM, why, RefundTo.CHANNEL, at.now)


def _open_payment(at: At, saga: Saga) -> None:
    payment = OpenPayment.model_validate(saga.facts["payment"])
    at.services.settlement.open_payment(payment, answer=PaymentView, deadline_ms=2000)


# the order


def _apply(tx: Tx, at: At, saga: Saga, _answer: Any) -> Mapping[str, Any]:
    """The order as agreed. Off meanwhile: WrongState, so that the new pieces go back too."""
    deal = locks.deal_for_update(tx, saga.order_id)
    order, amendment = deal[0], need_amendment(tx, saga.order_id, saga.subject_id)
    if order.state is OrderState.CANCELLED:
        raise WrongState(WHY_CANCELLED, fields={"state": order.state.value})
    after = applied(order, amendment, _new_id(saga))
    if amendment.changes_lines:
        insert_lines(tx, after, amendment.lines_after)
    if amendment.slot_from and order.slot_from:
        leave_seat(tx, order.order_id, order.slot_from)
    note = change_words(order, amendment)
    renamed = replace(order, sku_ids=after.sku_ids)
    keep(tx, order, renamed)  # a list is nothing that `record` can compare
    record(tx, [Change(renamed, after, Told.AMENDED, SYSTEM, note)], at.now)
    back = _back(tx, amendment, deal)
    keep_amendment(tx, amendment, amendment.with_given_back(back))
    return {"back": back}


def _back(tx: Tx, amendment: Amendment, deal: list[Order]) -> dict[str, int]:
    if amendment.dearer_by_fen >= 0:
        return {}
    earlier = Counter(queries_cases.given(tx, deal[0]))
    for other in of_order(tx, amendment.order_id):
        earlier.update(other.given_back)
    return parts_back(-amendment.dearer_by_fen, deal, earlier)


def _give_back(at: At, saga: Saga) -> None:
    for order_id, amount_fen in saga.facts["back"].items():
        try:
            _refund(at, saga, order_id, amount_fen, "all")
        except TooMuch as left:
            # A cashier gave a part back by hand. When this is the repeat, nothing is left.
            left_fen = int(left.fields.get("left_fen", "0"))
            if left_fen:
                _refund(at, saga, order_id, left_fen, "rest")


def _refund(at: At, saga: Saga, order_id: str, amount_fen: int, part: str) -> None:
    command = RefundOrder(
        request_id=f"amend.{saga.subject_id}.{part}.{order_id}",
        order_id=order_id,
        amount_fen=amount_fen,
        reason="改单退差价",
    )
    try:
        at.services.settlement.refund_order(command, answer=OrderMoneyView, deadline_ms=3000)
    except TooMuch:
        raise
    except Refused as refused:
        # The change stands: this must not undo it, a person must look.
        raise InvariantBroken(f"{refused.code}: {refused.message}") from refused


def _close(tx: Tx, at: At, saga: Saga, _answer: Any) -> None:
    order, amendment = _both(tx, saga)
    done = amendment.moved(AmendmentAct.FINISH, Party.SYSTEM, over_at=at.now)
    keep_amendment(tx, amendment, done)
    if order.trouble is Trouble.AMENDING:
        order = calm(tx, order, at.now, at.settings.limits, anew=True)
    words = amended_words(order, done)
    outbox.emit(tx, trouble(order, [Party.MERCHANT], Told.AMENDED, words))


def _turned_back(tx: Tx, at: At, saga: Saga, _answer: Any) -> None:
    order, amendment = _both(tx, saga)
    why = why_failed(saga.facts, saga.last_error)
    if amendment.slot_from:
        leave_seat(tx, order.order_id, amendment.slot_from)
    failed = amendment.over(AmendmentAct.FAIL, Party.SYSTEM, why, at.now)
    go_on(tx, order, amendment, failed, SYSTEM, BOTH, at.now, at.settings)


def _both(tx: Tx, saga: Saga) -> tuple[Order, Amendment]:
    order = locks.order_for_update(tx, saga.order_id)
    return order, need_amendment(tx, saga.order_id, saga.subject_id)


_RESERVE = Step("reserve_more", call=_reserve_more, undo_call=_release_more)
_SWAP = Step("swap", call=_swap, undo_call=_release_new)
_APPLY = Step("apply", commit=_apply)
_GIVE_BACK = Step("give_back", call=_give_back)
_CLOSE = Step("close", commit=_close)

AMEND = Steps("amend", (_RESERVE, _SWAP, _APPLY, _GIVE_BACK, _CLOSE), _turned_back)
"""At the same price or a lower one."""
AMEND_DEARER = Steps(
    DEARER,
    (
        _RESERVE,
        Step("supplement", commit=_write_supplement, undo_commit=_drop_supplement),
        Step("open_payment", call=_open_payment, waits=True),
        _SWAP,
        _APPLY,
        _CLOSE,
    ),
    _turned_back,
)
"""The difference is paid in between."""


def steps_of(amendment: Amendment) -> Steps:
    """The list that fits."""
    return AMEND_DEARER if amendment.dearer_by_fen > 0 else AMEND


def saga_id_of(amendment: Amendment) -> str:
    """Of the saga that carries it out."""
    return derived_id("saga", steps_of(amendment).kind, amendment.amendment_id)
