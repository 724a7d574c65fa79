"""Tables of the desk, of cash at doors, and of the rules that people make."""

from datetime import date

from sqlalchemy import Date, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.columns import (
    CODE,
    Code,
    FenColumn,
    IdKey,
    IdRef,
    Instant,
    MaybeCode,
    MaybeIdRef,
    MaybeInstant,
    Short,
)
from services.settlement.tables import Row


class CashRow(Row):
    """Cash on delivery of one order: due, with the courier, handed in."""

    __tablename__ = "cash"
    __table_args__ = (
        Index("cash_courier", "courier_id", "state", "order_id"),
        Index("cash_state", "state", "order_id"),
        Index("cash_receipt", "receipt_number"),
    )
    order_id: Mapped[IdKey]
    payment_id: Mapped[IdRef]
    household_id: Mapped[IdRef]
    community_id: Mapped[IdRef]
    amount_fen: Mapped[FenColumn]
    state: Mapped[Code]
    courier_id: Mapped[MaybeIdRef]
    courier_name: Mapped[Short]
    collected_at: Mapped[MaybeInstant]
    handed_in_at: Mapped[MaybeInstant]
    handed_in_to: Mapped[Short]
    receipt_number: Mapped[MaybeCode]


class DeskReceiptRow(Row):
    """What the cashier took; `subject_id` is a payment, a refund, a merchant or a bill."""

    __tablename__ = "desk_receipt"
    __table_args__ = (Index("desk_receipt_subject", "subject_id"),)
    receipt_number: Mapped[str] = mapped_column(CODE, primary_key=True)
    kind: Mapped[Code]
    subject_id: Mapped[IdRef]
    subject: Mapped[Short]
    amount_fen: Mapped[FenColumn]
    method: Mapped[Code]
    reference: Mapped[Short]
    taken_by_account_id: Mapped[IdRef]
    taken_by: Mapped[Short]
    taken_at: Mapped[Instant]


class CommissionRuleRow(Row):
    """A rate from day to day; empty merchant and category mean all."""

    __tablename__ = "commission_rule"
    __table_args__ = (Index("commission_rule_for", "merchant_id", "category", "from_day"),)
    rule_id: Mapped[IdKey]
    merchant_id: Mapped[str] = mapped_column(CODE)
    category: Mapped[str] = mapped_column(String(40))
    rate_bp: Mapped[int] = mapped_column(Integer)
    from_day: Mapped[date] = mapped_column(Date)
    until_day: Mapped[date | None] = mapped_column(Date)
    made_by_account_id: Mapped[IdRef]
    made_by: Mapped[Short]
    made_at: Mapped[Instant]


class CustodyRow(Row):
    """How a community's money is kept; without a row: `collect`."""

    __tablename__ = "custody"
    community_id: Mapped[IdKey]
    custody: Mapped[Code]
    chosen_by: Mapped[Short]
    chosen_at: Mapped[Instant]


class SubMerchantRow(Row):
    """A shop's own merchant number at WeChat Pay."""

    __tablename__ = "sub_merchant"
    merchant_id: Mapped[IdKey]
    sub_mchid: Mapped[Code]
    put_by: Mapped[Short]
    put_at: Mapped[Instant]
