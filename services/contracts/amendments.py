"""Amendments: an order changed after it was placed, by the store's proposal and the resident's yes.

proposed → accepted → (awaiting_payment →) done
         → refused, withdrawn, expired          accepted → failed: nothing has changed
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, Field

from services.contracts.catalog import Quantity
from services.contracts.orders import OrderCommand, OrderLineView
from services.kernel.errors import NotFound, Refused
from services.kernel.ids import Id
from services.kernel.money import PriceFen
from services.kernel.wire import Query, View


class AmendmentState(StrEnum):
    """待您确认 处理中 待补差价 已改单 不同意 已撤回 已过期 未能改成."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    AWAITING_PAYMENT = "awaiting_payment"
    """The difference is to be paid, as a small order of its own (补差价)."""
    DONE = "done"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    FAILED = "failed"
    """The pieces are sold, or the difference was not paid: the order is as it was."""


class NoSuchAmendment(NotFound):
    """There is no such amendment, or the order is not yours."""

    code = "orders.no_such_amendment"


class NothingAmended(Refused):
    """The proposal leaves everything as it is."""

    code = "orders.nothing_amended"


class AmendedLine(View):
    """So many of one SKU at this price a piece; promotions of a line that changes are gone."""

    sku_id: Id
    quantity: Quantity
    price_fen: PriceFen


class ProposeAmendment(OrderCommand):
    """Before dispatch: other items, another price, another time. Lines that stay as they are keep
    their amounts; `lines` empty: goods and price stay."""

    lines: Annotated[list[AmendedLine], Field(max_length=50)] = []
    deliver_after: AwareDatetime | None = None
    slot_from: AwareDatetime | None = None
    note: Annotated[str, Field(min_length=2, max_length=200)]


class AmendmentCommand(OrderCommand):
    """An act on an order's open amendment."""

    amendment_id: Id


class AnswerAmendment(AmendmentCommand):
    """The resident's word. A difference to be paid opens a payment; one to be had back is refunded
    the way it came."""

    accept: bool


class WithdrawAmendment(AmendmentCommand):
    """The store takes its proposal back."""


class AmendmentView(View):
    """What would change, or has."""

    amendment_id: Id
    order_id: Id
    state: AmendmentState
    note: str
    proposed_at: datetime
    proposed_by: str
    deadline_at: datetime | None = None
    """When a proposal lapses, or a difference must be paid."""
    before: list[OrderLineView]
    after: list[OrderLineView]
    before_fen: int
    after_fen: int
    deliver_after: datetime | None = None
    slot_from: datetime | None = None
    payment_id: Id | None = None
    """Of the difference."""
    supplement_id: Id | None = None
    why_over: str = ""
    may: list[str] = []
    """answer_amendment, withdraw_amendment, pay."""


class AmendmentsQuery(Query):
    """All amendments of an order, newest first."""

    order_id: Id


class AmendmentsView(View):
    """At most 50."""

    amendments: list[AmendmentView]
