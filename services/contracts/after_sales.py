"""After-sales: what a resident asks for when a deal was not right, and what the two agree on.

requested → refunding → done                         (cancel, refund)
requested → awaiting_return → returning → refunding → done            (return and refund)
requested → awaiting_return → returning → replacing → done            (exchange)
requested → countered → refunding → done
requested, countered → rejected;  any open one → withdrawn, expired or escalated to a dispute
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from services.contracts.orders import OrderCommand, Party, Photos, PickedLine, RefundTo
from services.kernel.errors import Conflict, NotFound, Refused
from services.kernel.ids import Id
from services.kernel.money import PositiveFen, PriceFen
from services.kernel.wire import PageQuery, Query, ShortText, View

Words = Annotated[str, Field(min_length=2, max_length=500)]


class CaseKind(StrEnum):
    """取消订单 仅退款 退货退款 换货."""

    CANCEL = "cancel"
    """Before it is handed over, when the resident alone may not cancel any more."""
    REFUND = "refund"
    """Money only: all or a part; the resident keeps what came."""
    RETURN = "return"
    EXCHANGE = "exchange"


class CaseState(StrEnum):
    """待商家处理 商家另提方案 待退回 退回中 换货中 退款中 已完成 不同意 已撤回 已过期 已转纠纷."""

    REQUESTED = "requested"
    COUNTERED = "countered"
    """The store offers another sum."""
    AWAITING_RETURN = "awaiting_return"
    RETURNING = "returning"
    """The resident says that it is on its way back, or handed over."""
    REPLACING = "replacing"
    """The store has the old one; the new one is to come."""
    REFUNDING = "refunding"
    DONE = "done"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    ESCALATED = "escalated"


class NoSuchCase(NotFound):
    """There is no such case, or the order is not yours."""

    code = "orders.no_such_case"


class WrongCaseState(Conflict):
    """The case's state does not allow this; `fields.state` names it."""

    code = "orders.wrong_case_state"


class NotForThisOrder(Refused):
    """This kind of after-sales does not fit the order as it stands; `fields.why`."""

    code = "orders.not_for_this_order"


class TooLate(Refused):
    """The time for after-sales, disputes or reviews of this order is over; `fields.until`."""

    code = "orders.too_late"


class MoreThanPaid(Refused):
    """More is asked for than is left of the order's money; `fields.left_fen`."""

    code = "orders.more_than_paid"


class OpenCase(OrderCommand):
    """The resident asks. `lines` empty: everything. `amount_fen` is what is to come back (refund,
    return); None: the amount of the lines. An exchange is for the same SKUs unless `replacement`
    names others of the same price."""

    kind: CaseKind
    reason: Words
    lines: Annotated[list[PickedLine], Field(max_length=50)] = []
    amount_fen: PositiveFen | None = None
    replacement: Annotated[list[PickedLine], Field(max_length=50)] = []
    photos: Photos = []
    refund_to: RefundTo = RefundTo.CHANNEL


class CaseCommand(OrderCommand):
    """An act on an order's open case."""

    case_id: Id


class CaseAnswer(StrEnum):
    """同意, 不同意, 另提方案."""

    AGREE = "agree"
    REJECT = "reject"
    COUNTER = "counter"


class AnswerCase(CaseCommand):
    """The store's word; `text` is a must for a no and a counter-offer. Silence until the deadline
    is a yes."""

    answer: CaseAnswer
    text: Annotated[str, Field(max_length=500)] = ""
    offer_fen: PositiveFen | None = None


class AcceptOffer(CaseCommand):
    """The resident takes the store's other sum."""


class WithdrawCase(CaseCommand):
    """The resident lets it be."""


class SendBack(CaseCommand):
    """The resident has handed it back, or it is on its way."""

    text: Annotated[str, Field(max_length=500)] = ""
    photos: Photos = []


class TakeBack(CaseCommand):
    """The store has it again; `restock`: it can be sold once more."""

    restock: bool = False


class SendReplacement(CaseCommand):
    """By a courier (a drop and a pass of its own), or handed over at the store without one."""

    courier_id: Id | None = None


class ConfirmReplacement(CaseCommand):
    """The resident has the new one."""


class EscalateCase(CaseCommand):
    """The property shall decide: a dispute takes over."""

    text: Annotated[str, Field(max_length=500)] = ""


class CaseView(View):
    """One case as the two see it."""

    case_id: Id
    order_id: Id
    number: str
    store_id: Id
    store_name: str
    household_id: Id
    kind: CaseKind
    state: CaseState
    reason: str
    lines: list[PickedLine]
    replacement: list[PickedLine] = []
    amount_fen: PriceFen
    """What is to come back; 0 for an exchange."""
    offered_fen: int | None = None
    refunded_fen: int = 0
    refund_to: RefundTo
    photos: list[str] = []
    opened_at: datetime
    opened_by: str
    answered_at: datetime | None = None
    answer_text: str = ""
    courier_name: str = ""
    deadline_at: datetime | None = None
    """Until when `waits_for` may take; then the case goes on by itself."""
    waits_for: Party | None = None
    closed_at: datetime | None = None
    why_over: str = ""
    may: list[str] = []
    """answer_case, accept_offer, withdraw_case, send_back, take_back, send_replacement,
    confirm_replacement, escalate_case."""


class CaseQuery(Query):
    """One case."""

    case_id: Id


class CasesQuery(PageQuery):
    """Cases of an order, of a household, of a store, or (staff) of a community; newest first."""

    order_id: Id | None = None
    household_id: Id | None = None
    store_id: Id | None = None
    community_id: Id | None = None
    states: list[CaseState] = []
    text: ShortText = ""
