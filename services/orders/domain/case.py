"""An after-sales case: its life in one table, and what the clock does to it.

requested → refunding → done                                     (refund)
requested → done                                                 (cancel: the order itself is off)
requested → awaiting_return → returning → refunding → done       (return and refund)
requested → awaiting_return → returning → replacing → done       (exchange)
requested → countered → refunding → done
requested, countered → rejected;  any open one → withdrawn, expired or escalated to a dispute

A case without a deadline is in the hands of the machine: nobody may act until it says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from services.contracts.after_sales import CaseKind, CaseState, WrongCaseState
from services.contracts.orders import Party, RefundTo


class CaseAct(StrEnum):
    """What somebody does to a case."""

    AGREE = "agree"
    PAY_BACK = "pay_back"
    """A yes where only the money is left to be moved: the goods are back already, or the order
    that was to be called off has been handed over meanwhile."""
    REJECT = "reject"
    COUNTER = "counter"
    ACCEPT = "accept_offer"
    WITHDRAW = "withdraw_case"
    SEND_BACK = "send_back"
    TAKE_BACK = "take_back"
    SEND = "send_replacement"
    CONFIRM = "confirm_replacement"
    ESCALATE = "escalate_case"
    EXPIRE = "expire"
    FINISH = "finish"
    """The money has been asked back."""
    FAIL = "fail"
    """The machine could not do what was agreed: the store must answer otherwise."""


class CaseMove(NamedTuple):
    """Where an act leads (by the kind of the case, perhaps), and who may do it."""

    to: CaseState | Mapping[CaseKind, CaseState]
    by: frozenset[Party]


S, K, A = CaseState, CaseKind, CaseAct
_RESIDENT, _MERCHANT, _SYSTEM = Party.RESIDENT, Party.MERCHANT, Party.SYSTEM
_AGREED = {
    K.CANCEL: S.DONE,
    K.REFUND: S.REFUNDING,
    K.RETURN: S.AWAITING_RETURN,
    K.EXCHANGE: S.AWAITING_RETURN,
}
_TAKEN_BACK = {K.RETURN: S.REFUNDING, K.EXCHANGE: S.REPLACING}


def _to(state: CaseState | Mapping[CaseKind, CaseState], *by: Party) -> CaseMove:
    return CaseMove(state, frozenset(by))


CASE_MOVES: dict[tuple[CaseState, CaseAct], CaseMove] = {
    (S.REQUESTED, A.AGREE): _to(_AGREED, _MERCHANT, _SYSTEM),
    (S.REQUESTED, A.PAY_BACK): _to(S.REFUNDING, _MERCHANT, _SYSTEM),
    (S.REQUESTED, A.REJECT): _to(S.REJECTED, _MERCHANT),
    (S.REQUESTED, A.COUNTER): _to(S.COUNTERED, _MERCHANT),
    (S.REQUESTED, A.WITHDRAW): _to(S.WITHDRAWN, _RESIDENT),
    (S.REQUESTED, A.EXPIRE): _to(S.EXPIRED, _SYSTEM),  # nothing is left to be decided
    (S.REQUESTED, A.ESCALATE): _to(S.ESCALATED, _RESIDENT, _SYSTEM),
    # The store may still give in, offer another sum, or say no after all.
    (S.COUNTERED, A.AGREE): _to(_AGREED, _MERCHANT),
    (S.COUNTERED, A.PAY_BACK): _to(S.REFUNDING, _MERCHANT),
    (S.COUNTERED, A.REJECT): _to(S.REJECTED, _MERCHANT),
    (S.COUNTERED, A.COUNTER): _to(S.COUNTERED, _MERCHANT),
    (S.COUNTERED, A.ACCEPT): _to(S.REFUNDING, _RESIDENT),
    (S.COUNTERED, A.WITHDRAW): _to(S.WITHDRAWN, _RESIDENT),
    (S.COUNTERED, A.EXPIRE): _to(S.EXPIRED, _SYSTEM),
    (S.COUNTERED, A.ESCALATE): _to(S.ESCALATED, _RESIDENT, _SYSTEM),
    (S.AWAITING_RETURN, A.SEND_BACK): _to(S.RETURNING, _RESIDENT),
    # Handed over at the counter, where the store is the first to say so.
    (S.AWAITING_RETURN, A.TAKE_BACK): _to(_TAKEN_BACK, _MERCHANT),
    (S.AWAITING_RETURN, A.WITHDRAW): _to(S.WITHDRAWN, _RESIDENT),
    (S.AWAITING_RETURN, A.EXPIRE): _to(S.EXPIRED, _SYSTEM),
    (S.AWAITING_RETURN, A.FAIL): _to(S.REQUESTED, _SYSTEM),
    (S.AWAITING_RETURN, A.ESCALATE): _to(S.ESCALATED, _RESIDENT, _SYSTEM),
    (S.RETURNING, A.TAKE_BACK): _to(_TAKEN_BACK, _MERCHANT, _SYSTEM),
    # What came back may be broken: the store may call the property too.
    (S.RETURNING, A.ESCALATE): _to(S.ESCALATED, _RESIDENT, _MERCHANT, _SYSTEM),
    (S.RETURNING, A.EXPIRE): _to(S.EXPIRED, _SYSTEM),
    (S.REPLACING, A.SEND): _to(S.REPLACING, _MERCHANT),
    (S.REPLACING, A.CONFIRM): _to(S.DONE, _RESIDENT, _SYSTEM),
    (S.REPLACING, A.EXPIRE): _to(S.EXPIRED, _SYSTEM),
    (S.REPLACING, A.ESCALATE): _to(S.ESCALATED, _RESIDENT, _SYSTEM),
    (S.REFUNDING, A.FINISH): _to(S.DONE, _SYSTEM),
    (S.REFUNDING, A.FAIL): _to(S.REQUESTED, _SYSTEM),
    # A no is not the last word while its time runs.
    (S.REJECTED, A.ESCALATE): _to(S.ESCALATED, _RESIDENT),
}

OPEN_CASES = frozenset({state for state, _ in CASE_MOVES} - {S.REJECTED})
"""In these the order waits for the case."""


class CasePassing(StrEnum):
    """What the clock does."""

    AGREE = "agree"
    """The store's silence is a yes."""
    EXPIRE = "expire"
    TAKE_BACK = "take_back"
    """The store's silence: it has it."""
    CONFIRM = "confirm"
    MEDIATE = "mediate"
    """Nobody can tell from afar: the property looks at it."""
    REST = "rest"
    """It was over before; now for good."""


class CaseLimit(NamedTuple):
    """`setting` names the seconds; `by` must `act` before they are over, or `then` comes."""

    setting: str
    by: Party
    act: CaseAct
    then: CasePassing


_P = CasePassing
CASE_LIMITS: dict[CaseState, CaseLimit] = {
    S.REQUESTED: CaseLimit("case_answer_s", _MERCHANT, A.AGREE, _P.AGREE),
    S.COUNTERED: CaseLimit("case_answer_s", _RESIDENT, A.ACCEPT, _P.EXPIRE),
    S.AWAITING_RETURN: CaseLimit("case_return_s", _RESIDENT, A.SEND_BACK, _P.EXPIRE),
    S.RETURNING: CaseLimit("case_return_s", _MERCHANT, A.TAKE_BACK, _P.TAKE_BACK),
    S.REPLACING: CaseLimit("case_return_s", _MERCHANT, A.SEND, _P.MEDIATE),
    S.REJECTED: CaseLimit("case_answer_s", _RESIDENT, A.ESCALATE, _P.REST),
}
FAILED_ONCE = CASE_LIMITS[S.REQUESTED]._replace(then=_P.MEDIATE)
"""In place of REQUESTED's, where a yes could not be carried out: another would not be either."""
ON_ITS_WAY = CaseLimit("case_return_s", _RESIDENT, A.CONFIRM, _P.CONFIRM)
"""In place of REPLACING's, once the new one was sent."""
CASE_LIMIT_NAMES = frozenset(
    limit.setting for limit in (*CASE_LIMITS.values(), FAILED_ONCE, ON_ITS_WAY)
)
"""The settings that this table reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What a resident asks for, and what became of it. Its fields are the columns of
    `tables_cases.CaseRow`; acts give new ones."""

    case_id: str
    order_id: str
    number: str
    store_id: str
    store_name: str
    merchant_id: str
    household_id: str
    community_id: str
    kind: CaseKind
    state: CaseState
    reason: str
    lines: list[dict[str, Any]]
    replacement: list[dict[str, Any]]
    replacement_words: str = ""
    amount_fen: int
    offered_fen: int | None = None
    refunded_fen: int = 0
    back: dict[str, int] = field(default_factory=dict)
    """What was asked back of each order of the deal."""
    refund_to: RefundTo
    photos: list[str]
    opened_at: datetime
    opened_by_id: str
    opened_by: str
    answered_at: datetime | None = None
    answered_by: str = ""
    answer_text: str = ""
    sent_back_at: datetime | None = None
    taken_back_at: datetime | None = None
    restock: bool = False
    """What came back can be sold once more."""
    courier_name: str = ""
    sent_at: datetime | None = None
    delivered_at: datetime | None = None
    deadline_at: datetime | None = None
    closed_at: datetime | None = None
    why_over: str = ""
    tries: int = 0
    """How often what was agreed could not be carried out."""
    saga_id: str | None = None
    """Of the refund or exchange that is or was under way."""
    sending_id: str | None = None
    """Of the hand-over to a courier that is under way."""

    @property
    def is_working(self) -> bool:
        """True while the machine has it."""
        return self.state in OPEN_CASES and self.deadline_at is None

    @property
    def limit(self) -> CaseLimit | None:
        """What holds as it stands; None while the machine has it and when it is over."""
        if self.deadline_at is None:
            return None
        if self.state is S.REPLACING and self.sent_at:
            return ON_ITS_WAY
        if self.state is S.REQUESTED and self.tries:
            return FAILED_ONCE
        return CASE_LIMITS.get(self.state)

    @property
    def agreeing(self) -> CaseAct:
        """What a yes is: goods that are back already need not come back once more."""
        return A.PAY_BACK if self.kind is K.RETURN and self.taken_back_at else A.AGREE

    def allows(self, act: CaseAct, party: Party) -> bool:
        """True when `party` may do `act` now."""
        found = CASE_MOVES.get((self.state, act))
        return (
            found is not None
            and party in found.by
            and (self.deadline_at is not None or act in _MACHINE)
            and (act not in (A.SEND, A.CONFIRM) or (act is A.CONFIRM) is bool(self.sent_at))
        )

    def after(self, act: CaseAct, party: Party, **facts: Any) -> "Case":
        """The case after an act, in the machine's hands unless `facts` give a deadline.

        WrongCaseState when the table has no such line, or while the machine is at work.
        """
        if not self.allows(act, party):
            raise WrongCaseState(
                f"{party} cannot {act} a case that is {self.state}",
                fields={"state": self.state.value, "act": act.value},
            )
        to = CASE_MOVES[(self.state, act)].to
        state = to if isinstance(to, CaseState) else to[self.kind]
        return replace(self, **{"deadline_at": None, **facts, "state": state})

    def over(self, act: CaseAct, party: Party, why: str, now: datetime) -> "Case":
        """Ended by an act."""
        return self.after(act, party, closed_at=now, why_over=why)

    def is_overdue(self, now: datetime) -> bool:
        """True when the present state has lasted as long as it may."""
        return self.deadline_at is not None and self.deadline_at <= now


_MACHINE = frozenset({A.FINISH, A.FAIL})
"""What the machine itself says, while nobody else may."""


def case_timed(case: Case, now: datetime, seconds: Mapping[str, int]) -> Case:
    """The case with the deadline of its state, counted from now: people's turn."""
    waiting = replace(case, deadline_at=now)
    limit = waiting.limit
    if limit is None:
        return replace(case, deadline_at=None)
    return replace(case, deadline_at=now + timedelta(seconds=seconds[limit.setting]))
