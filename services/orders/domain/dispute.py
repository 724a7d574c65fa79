"""A dispute as it stands, and what each act makes of it. It is a value: acts give new ones."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from services.contracts.after_sales import MoreThanPaid, NotForThisOrder
from services.contracts.disputes import (
    AnotherMustDecide,
    DisputeAbout,
    DisputeState,
    NotYourDispute,
    WrongDisputeState,
)
from services.contracts.orders import Party, RefundTo
from services.orders.domain.dispute_moves import MOVES, TWO_SIDES, DisputeAct, Ended
from services.orders.domain.split import Part, Person, Split

S, A = DisputeState, DisputeAct
_STAFF, _SYSTEM = Party.STAFF, Party.SYSTEM


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """A quarrel over one order. Its fields are the columns of `tables_disputes.DisputeRow`."""

    dispute_id: str
    order_id: str
    number: str
    state: DisputeState
    about: DisputeAbout
    text: str
    wanted_fen: int | None
    photos: list[str]
    opened_at: datetime
    opened_by: Party
    store_id: str
    store_name: str
    merchant_id: str
    household_id: str
    community_id: str
    resident_name: str
    amount_fen: int
    summary: str
    parts: list[list[Any]] = field(default_factory=list)
    frozen_fen: int = 0
    taken_back_fen: int = 0
    owed_fen: int = 0
    proposal_fen: int | None = None
    proposal_by: Party | None = None
    proposal_by_id: str | None = None
    proposal_text: str = ""
    asked: list[str] = field(default_factory=list)
    mediator_id: str | None = None
    mediator_name: str = ""
    ruling_fen: int | None = None
    ruling_to: RefundTo | None = None
    ruling_reason: str = ""
    ruling_by_id: str | None = None
    ruling_by: str = ""
    ruling_at: datetime | None = None
    accepted_by: list[str] = field(default_factory=list)
    appeal_by: Party | None = None
    appeal_text: str = ""
    final_fen: int | None = None
    final_to: RefundTo | None = None
    final_reason: str = ""
    final_by_id: str | None = None
    final_by: str = ""
    final_at: datetime | None = None
    precedent: str = ""
    failures: int = 0
    deadline_at: datetime | None = None
    closed_at: datetime | None = None
    outcome_fen: int | None = None
    ended: Ended | None = None

    def can(self, act: DisputeAct, party: Party) -> bool:
        """True when `party` may do `act` now, as far as the table says."""
        found = MOVES.get((self.state, act))
        return found is not None and party in found.by

    def need(self, act: DisputeAct, party: Party) -> DisputeState:
        """Where `act` leads; WrongDisputeState when the table has no such line."""
        found = MOVES.get((self.state, act))
        if found is None or party not in found.by:
            raise self.wrong(act)
        return found.to

    def wrong(self, act: DisputeAct) -> WrongDisputeState:
        """The error that names where the dispute stands."""
        return WrongDisputeState(
            f"no {act} in a dispute that is {self.state}",
            fields={"state": self.state.value, "act": act.value},
        )

    def _after(self, act: DisputeAct, party: Party, **facts: Any) -> "Dispute":
        """A new state has no deadline, and no question to answer, unless `facts` give one."""
        state = self.need(act, party)
        if state is not self.state:
            facts = {"deadline_at": None, "asked": [], **facts}
        return replace(self, **{**facts, "state": state})

    def freeze(self, parts: list[Part], limit: timedelta, now: datetime) -> "Dispute":
        """Frozen: the two have until `limit` has passed to agree."""
        return self._after(
            A.FREEZE,
            _SYSTEM,
            parts=[list(part) for part in parts],
            frozen_fen=sum(part.frozen_fen for part in parts),
            taken_back_fen=sum(part.taken_back_fen for part in parts),
            owed_fen=sum(part.owed_fen for part in parts),
            deadline_at=now + limit,
        )

    def find_nothing(self, now: datetime) -> "Dispute":
        """Nothing could be frozen: over before it began."""
        return self._after(A.FIND_NOTHING, _SYSTEM, closed_at=now, ended=Ended.NOTHING_LEFT)

    def propose(self, party: Party, account_id: str, to_resident_fen: int, text: str) -> "Dispute":
        """An offer in place of the one before; MoreThanPaid when less is frozen."""
        self.need(A.PROPOSE, party)
        self.need_money(to_resident_fen)
        return self._after(
            A.PROPOSE,
            party,
            proposal_fen=to_resident_fen,
            proposal_by=party,
            proposal_by_id=account_id,
            proposal_text=text,
        )

    def accept(self, party: Party, account_id: str, to_resident_fen: int) -> "Dispute":
        """Agreed, on the offer that was seen; never on an offer of one's own."""
        self.need(A.ACCEPT, party)
        if self.proposal_by in (None, party) or self.proposal_by_id == account_id:
            raise self.wrong(A.ACCEPT)
        if self.proposal_fen != to_resident_fen:
            raise WrongDisputeState(
                "another sum is on the table by now",
                fields={"state": self.state.value, "proposal_fen": str(self.proposal_fen)},
            )
        return self._after(A.ACCEPT, party, ended=Ended.AGREED, outcome_fen=to_resident_fen)

    def call(self, party: Party) -> "Dispute":
        """The property shall decide."""
        return self._after(A.CALL, party)

    def withdraw(self, party: Party) -> "Dispute":
        """Let be by the side that opened it."""
        self.need(A.WITHDRAW, party)
        if party is not self.opened_by:
            raise self.wrong(A.WITHDRAW)
        return self._after(A.WITHDRAW, party)

    def thaw(self, now: datetime) -> "Dispute":
        """The money is where it would be without the quarrel."""
        return self._after(A.THAW, _SYSTEM, closed_at=now, ended=Ended.LET_BE)

    def take(self, person: Person, *, manages: bool) -> "Dispute":
        """It is this person's now; NotYourDispute when it is another's, save for a manager."""
        self.need(A.TAKE, _STAFF)
        if self.state is S.MEDIATING and not manages:
            self.need_mediator(person.account_id)
        return self._after(A.TAKE, _STAFF, mediator_id=person.account_id, mediator_name=person.name)

    def need_mediator(self, account_id: str) -> None:
        """NotYourDispute, naming whose it is."""
        if self.mediator_id != account_id:
            raise NotYourDispute(fields={"by": self.mediator_name})

    def ask(self, to: Party | None) -> "Dispute":
        """One side, or both, owe the mediator an answer."""
        asked = [str(party) for party in TWO_SIDES if to in (None, party) or party in self.asked]
        return self._after(A.ASK, _STAFF, asked=asked)

    def answered(self, party: Party) -> "Dispute":
        """That side has said something."""
        return replace(self, asked=[one for one in self.asked if one != party])

    def rule(
        self, split: Split, person: Person, precedent: str, limit: timedelta, now: datetime
    ) -> "Dispute":
        """Ruled; either side may appeal until `limit` has passed."""
        self.need(A.RULE, _STAFF)
        self.need_mediator(person.account_id)
        self.need_money(split.to_resident_fen)
        return self._after(
            A.RULE,
            _STAFF,
            ruling_fen=split.to_resident_fen,
            ruling_to=split.refund_to,
            ruling_reason=split.reason,
            ruling_by_id=person.account_id,
            ruling_by=person.name,
            ruling_at=now,
            accepted_by=[],
            precedent=precedent,
            deadline_at=now + limit,
        )

    def pass_on(self, account_id: str) -> "Dispute":
        """Left to a manager."""
        self.need(A.PASS_ON, _STAFF)
        self.need_mediator(account_id)
        return self._after(A.PASS_ON, _STAFF)

    def content(self, party: Party) -> "Dispute":
        """One side is content; both: it is carried out."""
        self.need(A.CONTENT, party)
        if party in self.accepted_by:
            raise self.wrong(A.CONTENT)
        accepted = sorted({*self.accepted_by, str(party)})
        agreed = self._after(A.CONTENT, party, accepted_by=accepted)
        return agreed.carry_out() if len(accepted) == len(TWO_SIDES) else agreed

    def appeal(self, party: Party, text: str) -> "Dispute":
        """A manager shall look again; not for a side that has said it is content."""
        self.need(A.APPEAL, party)
        if party in self.accepted_by:
            raise self.wrong(A.APPEAL)
        return self._after(A.APPEAL, party, appeal_by=party, appeal_text=text)

    def carry_out(self) -> "Dispute":
        """The ruling stands."""
        return self._after(A.CARRY_OUT, _SYSTEM, ended=Ended.RULED, outcome_fen=self.ruling_fen)

    def decide(self, split: Split, person: Person, precedent: str, now: datetime) -> "Dispute":
        """The last word; AnotherMustDecide for who ruled first."""
        self.need(A.DECIDE, _STAFF)
        if person.account_id == self.ruling_by_id:
            raise AnotherMustDecide
        self.need_money(split.to_resident_fen)
        return self._after(
            A.DECIDE,
            _STAFF,
            final_fen=split.to_resident_fen,
            final_to=split.refund_to,
            final_reason=split.reason,
            final_by_id=person.account_id,
            final_by=person.name,
            final_at=now,
            precedent=precedent or self.precedent,
            ended=Ended.DECIDED,
            outcome_fen=split.to_resident_fen,
        )

    def close(self, now: datetime) -> "Dispute":
        """The money is where it was to go."""
        return self._after(A.CLOSE, _SYSTEM, closed_at=now)

    def fail(self) -> "Dispute":
        """It could not be carried out; what was offered and ruled stays to be seen."""
        return self._after(
            A.FAIL, _SYSTEM, failures=self.failures + 1, ended=None, outcome_fen=None
        )

    def is_overdue(self, now: datetime) -> bool:
        """True when the present state has lasted as long as it may."""
        return self.deadline_at is not None and self.deadline_at <= now

    @property
    def split(self) -> Split:
        """What is to be carried out, or was; an agreed one goes back the way it came."""
        if self.ended is Ended.DECIDED:
            return Split(self.final_fen or 0, self.final_to or RefundTo.CHANNEL, self.final_reason)
        if self.ended is Ended.RULED:
            to = self.ruling_to or RefundTo.CHANNEL
            return Split(self.ruling_fen or 0, to, self.ruling_reason)
        return Split(self.proposal_fen or 0, RefundTo.CHANNEL, self.proposal_text)

    @property
    def decided_by(self) -> str:
        """Who decided; empty where the two agreed."""
        return {Ended.DECIDED: self.final_by, Ended.RULED: self.ruling_by}.get(
            self.ended or Ended.AGREED, ""
        )

    def shares(self) -> list[tuple[str, int]]:
        """The resident's share of each order of the deal: the order's own money first."""
        left_fen = self.outcome_fen or 0
        shares = []
        for order_id, frozen_fen, *_ in self.parts:
            if frozen_fen:
                share_fen = min(left_fen, frozen_fen)
                shares.append((order_id, share_fen))
                left_fen -= share_fen
        return shares

    def need_money(self, to_resident_fen: int, *, unpaid: bool = False) -> None:
        """MoreThanPaid; while it is `unpaid`, NotForThisOrder unless the resident owes nothing."""
        if unpaid and to_resident_fen < self.frozen_fen:
            raise NotForThisOrder("nobody has paid it yet", fields={"why": "unpaid_cash"})
        if to_resident_fen > self.frozen_fen:
            raise MoreThanPaid("more than is frozen", fields={"left_fen": str(self.frozen_fen)})
