"""A dispute's money: frozen when it begins; thawed when it is withdrawn, split when it is decided.

dispute_freeze   freeze        → the two negotiate; refused: no dispute, the order is calm
dispute_thaw     thaw          → withdrawn, the order goes on
dispute_rule     rule → end → give back the rest: closed, the deal ends; refused: a mediator decides
                 again
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from services.contracts.disputes import DisputeState
from services.contracts.orders import Party
from services.contracts.orders import Step as Told
from services.contracts.settlement import (
    AlreadyResolved,
    EscrowState,
    FreezeOrder,
    FrozenView,
    OrderMoneyView,
    RuleOrder,
    ThawOrder,
    TooMuch,
)
from services.kernel.db import Tx
from services.kernel.errors import InvariantBroken, Refused
from services.kernel.ids import derived_id
from services.orders import ending, locks, precedents, thread
from services.orders.domain.dispute import Dispute
from services.orders.domain.dispute_moves import LIMITS, TWO_SIDES, Ended
from services.orders.domain.doer import SYSTEM
from services.orders.domain.order import Order
from services.orders.domain.saga import Saga
from services.orders.domain.split import Part
from services.orders.domain.wording import shortened
from services.orders.domain.wording_disputes import (
    AGREED_TEXT,
    CALLED,
    FROZEN,
    LET_BE,
    REASON_FREEZE,
    REASON_THAW,
    closed_words,
    failed_words,
    nothing_frozen_words,
    opened_words,
    why_refused,
)
from services.orders.queries_disputes import find_dispute
from services.orders.sagas.engine import At, Step, Steps
from services.orders.sagas.rest import GIVE_BACK_REST, rest_of
from services.orders.use_cases.disputes.rows import note, tell, write

MONEY_MS = 3_000


def limit_for(state: DisputeState, settings: Any) -> timedelta:
    """How long this state may last."""
    return timedelta(seconds=getattr(settings, LIMITS[state].setting))


def _ours(tx: Tx, saga: Saga) -> tuple[Order, Dispute]:
    dispute = find_dispute(tx, saga.facts["dispute_id"])
    if dispute is None:
        raise InvariantBroken(f"saga {saga.saga_id} has lost its dispute")
    return locks.order_for_update(tx, saga.order_id), dispute


def _freeze(at: At, saga: Saga) -> list[Part]:
    """Freeze each order of the deal; one whose money has all gone back is left out.

    Refused when nothing could be frozen, or a part not: then what was frozen is thawed again.
    """
    parts: list[Part] = []
    refusal: Refused | None = None
    for order_id in saga.facts["order_ids"]:
        try:
            parts.append(_freeze_one(at, saga, order_id))
        except AlreadyResolved as gone:
            if gone.fields.get("state") != EscrowState.REFUNDED:
                refusal = gone
                break
            refusal = refusal or gone
            parts.append(Part(order_id, 0))
        except Refused as refused:
            refusal = refused
            break
    frozen = [part.order_id for part in parts if part.frozen_fen]
    if refusal and (len(parts) < len(saga.facts["order_ids"]) or not frozen):
        for order_id in frozen:
            _thaw_one(at, saga, order_id)
        raise refusal
    return parts


def _freeze_one(at: At, saga: Saga, order_id: str) -> Part:
    command = FreezeOrder(
        request_id=derived_id("dispute_freeze", saga.facts["dispute_id"], order_id),
        order_id=order_id,
        reason=REASON_FREEZE,
    )
    view: FrozenView = at.services.settlement.freeze_order(
        command, answer=FrozenView, deadline_ms=MONEY_MS
    )
    return Part(order_id, view.frozen_fen, view.taken_back_fen, view.owed_fen)


def _frozen(tx: Tx, at: At, saga: Saga, parts: list[Part]) -> None:
    order, dispute = _ours(tx, saga)
    limit = limit_for(DisputeState.NEGOTIATING, at.settings)
    after = dispute.freeze(parts, limit, at.now)
    words = f"{opened_words(dispute.opened_by, dispute.about)}。{FROZEN}"
    if dispute.opened_by is Party.SYSTEM:
        after = after.call(Party.SYSTEM)
        words = f"{opened_words(dispute.opened_by, dispute.about)}。{CALLED}"
    write(tx, dispute, after)
    others = [side for side in TWO_SIDES if side is not dispute.opened_by]
    tell(tx, order, others, Told.DISPUTE_OPENED, words, after.deadline_at)


def _nothing_frozen(tx: Tx, at: At, saga: Saga, _answer: Any) -> None:
    order, dispute = _ours(tx, saga)
    write(tx, dispute, dispute.find_nothing(at.now))
    words = nothing_frozen_words(why_refused(saga.facts["refusal"]["code"]))
    noted = note(tx, order, Told.DISPUTE_CLOSED, SYSTEM, words, at.now)
    ending.calm(tx, noted, at.now, at.settings.limits)


def _thaw(at: At, saga: Saga) -> None:
    for order_id in saga.facts["order_ids"]:
        _thaw_one(at, saga, order_id)


def _thaw_one(at: At, saga: Saga, order_id: str) -> None:
    command = ThawOrder(
        request_id=derived_id("dispute_thaw", saga.facts["dispute_id"], order_id),
        order_id=order_id,
        reason=REASON_THAW,
    )
    try:
        at.services.settlement.thaw_order(command, answer=OrderMoneyView, deadline_ms=MONEY_MS)
    except AlreadyResolved:
        return  # all of it went back by a cashier's hand meanwhile


def _thawed(tx: Tx, at: At, saga: Saga, _answer: Any) -> None:
    order, dispute = _ours(tx, saga)
    write(tx, dispute, dispute.thaw(at.now))
    noted = note(tx, order, Told.DISPUTE_CLOSED, SYSTEM, LET_BE, at.now)
    calmed = ending.calm(tx, noted, at.now, at.settings.limits)
    tell(tx, calmed, TWO_SIDES, Told.DISPUTE_CLOSED, LET_BE)


def _rule(at: At, saga: Saga) -> dict[str, bool]:
    """Split each order's money; of which orders all of it has gone back."""
    return {
        order_id: _rule_one(at, saga, order_id, share_fen)
        for order_id, share_fen in saga.facts["shares"]
    }


def _rule_one(at: At, saga: Saga, order_id: str, share_fen: int) -> bool:
    try:
        try:
            view = _ask_split(at, saga, order_id, share_fen)
        except TooMuch as less:  # a cashier has given a part of it back meanwhile
            view = _ask_split(at, saga, order_id, int(less.fields["left_fen"]))
    except AlreadyResolved as resolved:
        return resolved.fields.get("state") == EscrowState.REFUNDED
    return view.state is EscrowState.REFUNDED


def _ask_split(at: At, saga: Saga, order_id: str, share_fen: int) -> OrderMoneyView:
    facts = saga.facts
    command = RuleOrder(
        request_id=derived_id("dispute_rule", saga.subject_id, order_id, str(share_fen)),
        order_id=order_id,
        reason=facts["reason"],
        by_name=facts["by"],
        to_resident_fen=share_fen,
        to=facts["refund_to"],
    )
    view: OrderMoneyView = at.services.settlement.rule_order(
        command, answer=OrderMoneyView, deadline_ms=MONEY_MS
    )
    return view


def _ruled(_tx: Tx, _at: At, _saga: Saga, given_back: dict[str, bool]) -> dict[str, Any]:
    return {"given_back": given_back}


def _end(tx: Tx, at: At, saga: Saga, _answer: Any) -> Mapping[str, Any]:
    order, dispute = _ours(tx, saga)
    write(tx, dispute, dispute.close(at.now))
    words = closed_words(dispute.outcome_fen or 0, dispute.frozen_fen)
    noted = note(tx, order, Told.DISPUTE_CLOSED, SYSTEM, words, at.now)
    given_back = {**_gone_before(dispute), **saga.facts["given_back"]}
    ended = ending.end_deal(tx, noted, SYSTEM, words, at.now, given_back)
    tell(tx, ended, TWO_SIDES, Told.DISPUTE_CLOSED, words)
    if dispute.ended in (Ended.RULED, Ended.DECIDED):
        precedents.index(tx, dispute, order, at.now)
    return rest_of(tx, order, ended, given_back)


def _gone_before(dispute: Dispute) -> dict[str, bool]:
    """Orders of the deal with nothing left to freeze: all of their money had gone back."""
    return {order_id: True for order_id, frozen_fen, *_ in dispute.parts if not frozen_fen}


def _failed(tx: Tx, at: At, saga: Saga, _answer: Any) -> None:
    order, dispute = _ours(tx, saga)
    write(tx, dispute, dispute.fail())
    words = failed_words(why_refused(saga.facts["refusal"]["code"]))
    noted = note(tx, order, Told.MEDIATOR_CALLED, SYSTEM, words, at.now)
    thread.say(tx, order.order_id, SYSTEM, words, [], at.now)
    tell(tx, noted, TWO_SIDES, Told.MEDIATOR_CALLED, words)


def rule_facts(dispute: Dispute) -> dict[str, Any]:
    """What the saga that carries a decision out must know."""
    split = dispute.split
    reason = split.reason if len(split.reason) > 1 else AGREED_TEXT
    return {
        "dispute_id": dispute.dispute_id,
        "shares": [list(share) for share in dispute.shares()],
        "refund_to": split.refund_to.value,
        "reason": shortened(reason),
        "by": dispute.decided_by,
    }


def rule_subject(dispute: Dispute) -> str:
    """What the saga is for: a decision that failed is followed by another one."""
    if not dispute.failures:
        return dispute.dispute_id
    return derived_id("dispute", dispute.dispute_id, str(dispute.failures))


FREEZE = Steps("dispute_freeze", (Step("freeze", _freeze, _frozen),), turned_back=_nothing_frozen)
THAW = Steps("dispute_thaw", (Step("thaw", _thaw, _thawed),))
RULE = Steps(
    "dispute_rule",
    (Step("rule", _rule, _ruled), Step("end", commit=_end), GIVE_BACK_REST),
    turned_back=_failed,
)
KINDS = (FREEZE, THAW, RULE)
