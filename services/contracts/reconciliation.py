"""settlement, reconciliation: each day's bill of each channel against the books, line by line."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from services.contracts.settlement import Channel
from services.kernel.errors import Conflict, NotFound, Refused
from services.kernel.ids import Id
from services.kernel.wire import Command, PageQuery, Query, View


class DayState(StrEnum):
    """待账单 核对中 待处理 可关账 已关账."""

    WAITING = "waiting"
    """The channel has no bill of the day yet."""
    MATCHING = "matching"
    OPEN = "open"
    """Differences wait for somebody."""
    READY = "ready"
    CLOSED = "closed"


class DifferenceKind(StrEnum):
    """仅我方 仅渠道 金额不符 状态不符 手续费不符."""

    ONLY_OURS = "only_ours"
    ONLY_THEIRS = "only_theirs"
    AMOUNT = "amount"
    STATE = "state"
    FEE = "fee"


class DifferenceAction(StrEnum):
    """What mends it."""

    ASK_CHANNEL = "ask_channel"
    """Ask the channel once more and book what it says."""
    BOOK_UNCLAIMED = "book_unclaimed"
    """Money nobody here knows: booked as unclaimed, and refunded."""
    BOOK_FEE = "book_fee"
    CARRY_OVER = "carry_over"
    """It is on the neighbouring day's bill: looked for there."""
    EXPLAIN = "explain"
    """A person has looked and says why; the audit keeps the words."""


class NoSuchDay(NotFound):
    """This day has not been reconciled."""

    code = "settlement.no_such_day"


class DayOver(Conflict):
    """The day is closed, or not ready for it; `fields.state` says which."""

    code = "settlement.day_over"


class NotThisWay(Refused):
    """This action does not mend this difference; `fields.actions` names those that do."""

    code = "settlement.not_this_way"


class ReconciliationDaysQuery(PageQuery):
    """Days of all channels, newest first."""

    channel: Channel | None = None
    state: DayState | None = None


class ReconciliationDay(View):
    """One channel's day."""

    day_id: Id
    channel: Channel
    merchant_number: str
    day: date
    state: DayState
    line_count: int
    matched_count: int
    their_fen: int
    """The bill's payments less its refunds."""
    our_fen: int
    fee_fen: int
    difference_count: int
    open_count: int
    progress: int = 100
    """Percent of the work that is done."""
    closed_by: str = ""
    closed_at: datetime | None = None


class Difference(View):
    """One line that does not match."""

    difference_id: Id
    kind: DifferenceKind
    reference: str
    order_id: Id | None = None
    their_fen: int
    our_fen: int
    words: str
    """What it means, for an accountant."""
    actions: list[DifferenceAction]
    resolved: DifferenceAction | None = None
    resolution: str = ""
    resolved_by: str = ""
    resolved_at: datetime | None = None


class DifferencesQuery(PageQuery):
    """The differences of one day."""

    day_id: Id
    only_open: bool = False


class DifferencesView(View):
    """The day and a page of its differences."""

    day: ReconciliationDay
    items: list[Difference]
    next_after: str | None = None


class ReconcileDay(Command):
    """Fetch and match a day (again); runs by itself each morning."""

    channel: Channel
    day: date


class MendDifference(Command):
    """Do what mends it."""

    difference_id: Id
    action: DifferenceAction
    reason: Annotated[str, Field(min_length=2, max_length=200)]


class CloseDay(Command):
    """A person says: this day is right."""

    day_id: Id


class DayQuery(Query):
    """One day."""

    day_id: Id
