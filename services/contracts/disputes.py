"""Disputes: a quarrel over an order, its money frozen, and the ruling that splits it.

freezing → negotiating → waiting → mediating → ruled → executing → closed
                │ agreed on a split ────────────────────────↑       (both, or nobody appeals)
                │                                  ruled → appealed → executing → closed
withdrawn by who opened it: thawing → withdrawn
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from services.contracts.after_sales import CaseView, Words
from services.contracts.amendments import AmendmentView
from services.contracts.orders import (
    OrderCommand,
    OrderRecord,
    Party,
    Photos,
    RefundTo,
)
from services.kernel.errors import Conflict, NotFound
from services.kernel.ids import Id
from services.kernel.money import PriceFen
from services.kernel.wire import LongText, PageQuery, Query, ShortText, View


class DisputeState(StrEnum):
    """冻结中 协商中 待调解 调解中 已裁定 复核中 执行中 已结案 撤回中 已撤回."""

    FREEZING = "freezing"
    NEGOTIATING = "negotiating"
    WAITING = "waiting"
    """For a mediator to take it."""
    MEDIATING = "mediating"
    RULED = "ruled"
    """Either side may appeal until the deadline."""
    APPEALED = "appealed"
    """A manager looks at it a second time."""
    EXECUTING = "executing"
    """The money is being moved."""
    CLOSED = "closed"
    THAWING = "thawing"
    WITHDRAWN = "withdrawn"


class DisputeAbout(StrEnum):
    """没收到 与描述不符 有破损或变质 迟到 服务不满意 价格不对 退换货 其他."""

    NOT_RECEIVED = "not_received"
    NOT_AS_DESCRIBED = "not_as_described"
    DAMAGED = "damaged"
    LATE = "late"
    SERVICE = "service"
    PRICE = "price"
    AFTER_SALE = "after_sale"
    OTHER = "other"


class NoSuchDispute(NotFound):
    """There is no such dispute, or the order is not yours."""

    code = "orders.no_such_dispute"


class WrongDisputeState(Conflict):
    """The dispute's state does not allow this; `fields.state` names it."""

    code = "orders.wrong_dispute_state"


class NotYourDispute(Conflict):
    """Another mediator has taken it; `fields.by` names who."""

    code = "orders.dispute_taken"


class AnotherMustDecide(Conflict):
    """Who ruled first does not decide the appeal, and nobody rules in a quarrel of one's own."""

    code = "orders.another_must_decide"


class OpenDispute(OrderCommand):
    """Either side, from the payment until a set time after completion. The money freezes at once.

    Errors: InTrouble, TooLate, settlement's own when nothing is left to freeze.
    """

    about: DisputeAbout
    text: Annotated[str, Field(max_length=500)] = ""
    wanted_fen: PriceFen | None = None
    """What the opener thinks should go to the resident."""
    photos: Photos = []


class DisputeCommand(OrderCommand):
    """An act on an order's dispute."""

    dispute_id: Id


class ProposeSplit(DisputeCommand):
    """One side's offer; it replaces the one before, of either side."""

    to_resident_fen: PriceFen
    text: Annotated[str, Field(max_length=500)] = ""


class AcceptSplit(DisputeCommand):
    """The other side's yes to the offer of that sum: `to_resident_fen` says which one was seen."""

    to_resident_fen: PriceFen


class CallMediator(DisputeCommand):
    """Either side wants the property to decide now."""

    text: Annotated[str, Field(max_length=500)] = ""


class WithdrawDispute(DisputeCommand):
    """Who opened it lets it be; the money goes on as if nothing had been."""


class TakeDispute(DisputeCommand):
    """A mediator's: from now on it is theirs; taken again by a manager or by who has it."""


class AskParty(DisputeCommand):
    """The mediator asks one side, or both when `to` is None."""

    to: Party | None = None
    text: Annotated[str, Field(min_length=2, max_length=1000)]


class RuleDispute(DisputeCommand):
    """So much of what is frozen to the resident, the rest to the store.

    `precedent` tells the case without names, for those who rule on the next one.
    """

    to_resident_fen: PriceFen
    refund_to: RefundTo = RefundTo.CHANNEL
    reason: Words
    precedent: LongText = ""


class PassToManager(DisputeCommand):
    """The mediator leaves it to a manager."""

    reason: Words


class AcceptRuling(DisputeCommand):
    """One side is content; when both are, it is carried out at once."""


class AppealRuling(DisputeCommand):
    """One side wants a manager to look again; until the deadline, once."""

    text: Words


class DecideAppeal(DisputeCommand):
    """The manager's word is the last."""

    to_resident_fen: PriceFen
    refund_to: RefundTo = RefundTo.CHANNEL
    reason: Words
    precedent: LongText = ""


class RulingView(View):
    """A split, by whom and why."""

    to_resident_fen: int
    to_merchant_fen: int
    refund_to: RefundTo
    reason: str
    by: str
    at: datetime


class DisputeBrief(View):
    """A dispute in a queue."""

    dispute_id: Id
    order_id: Id
    number: str
    state: DisputeState
    about: DisputeAbout
    opened_at: datetime
    opened_by: Party
    store_id: Id
    store_name: str
    merchant_id: Id
    household_id: Id
    community_id: Id
    resident_name: str
    """Masked: 张**."""
    amount_fen: int
    frozen_fen: int
    mediator_name: str = ""
    deadline_at: datetime | None = None
    summary: str = ""


class DisputeView(DisputeBrief):
    """A dispute as the two and the mediator see it."""

    text: str
    wanted_fen: int | None = None
    photos: list[str] = []
    taken_back_fen: int = 0
    """Taken back from the merchant after settlement."""
    owed_fen: int = 0
    """What the merchant could not give and owes."""
    proposal_fen: int | None = None
    proposal_by: Party | None = None
    proposal_text: str = ""
    asked: list[Party] = []
    """Who has a question of the mediator's to answer."""
    ruling: RulingView | None = None
    accepted_by: list[Party] = []
    appeal_by: Party | None = None
    appeal_text: str = ""
    final: RulingView | None = None
    closed_at: datetime | None = None
    outcome_fen: int | None = None
    """What went to the resident in the end."""
    may: list[str] = []
    """propose_split, accept_split, call_mediator, withdraw_dispute, take_dispute, ask_party,
    rule_dispute, pass_to_manager, accept_ruling, appeal_ruling, decide_appeal."""


class DisputeQuery(Query):
    """One dispute."""

    dispute_id: Id


class DisputesQuery(PageQuery):
    """Disputes of a household, a store, or (staff) all in reach; the oldest first for staff."""

    household_id: Id | None = None
    store_id: Id | None = None
    merchant_id: Id | None = None
    community_id: Id | None = None
    states: list[DisputeState] = []
    mine: bool = False
    """The asking mediator's."""


class DisputeCountsQuery(Query):
    """Numbers for the mediator's queue."""

    community_id: Id | None = None


class DisputeCounts(View):
    """Open ones by state, how many are the asker's, and when the oldest that waits was opened."""

    counts: dict[DisputeState, int]
    mine: int
    oldest_waiting_at: datetime | None = None


class CaseFileQuery(Query):
    """Everything a mediator needs on one page; who brought it and the gate log are delivery's, and
    the money's path settlement's: each is asked once, and kept nowhere else."""

    dispute_id: Id


class PrecedentView(View):
    """A ruling that others can learn from; no names in it."""

    dispute_id: Id
    about: DisputeAbout
    amount_fen: int
    to_resident_fen: int
    reason: str
    story: str
    ruled_at: datetime


class MerchantStats(View):
    """How often a merchant's deals go wrong; of the last `days`."""

    merchant_id: Id
    days: int
    orders_completed: int
    orders_cancelled_by_store: int
    cases: int
    disputes: int
    disputes_open: int
    ruled_for_resident: int
    """At least half of the money."""
    ruled_for_merchant: int
    agreed: int
    refunded_fen: int
    answer_minutes: int | None = None
    """Median from a case's opening to the store's answer."""


class CaseFile(View):
    """The file that makes itself."""

    dispute: DisputeView
    record: OrderRecord
    amendments: list[AmendmentView]
    cases: list[CaseView]
    alike: list[PrecedentView]
    merchant: MerchantStats
    brought_ids: list[Id]
    """What to ask delivery about: the order, and the cases whose replacement was brought."""


class PrecedentsQuery(PageQuery):
    """Rulings with these words, the best fit first; all, newest first, without words."""

    text: ShortText = ""
    about: DisputeAbout | None = None


class MerchantStatsQuery(Query):
    """One merchant's, for staff and for its own people."""

    merchant_id: Id
    days: int = Field(default=90, ge=1, le=365)


class MerchantsStatsQuery(PageQuery):
    """Merchants with the most disputes of the last `days` in reach."""

    community_id: Id | None = None
    days: int = Field(default=90, ge=1, le=365)
