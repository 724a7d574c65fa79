"""Tables of prepaid cards; their money is on accounts of their own."""

from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from services.kernel.columns import (
    Code,
    Count,
    FenColumn,
    IdKey,
    IdRef,
    Instant,
    MaybeInstant,
    Short,
)
from services.settlement.tables import Row


class CardRow(Row):
    """One sale of a card: its id is that of the order that sold it."""

    __tablename__ = "card"
    __table_args__ = (
        Index("card_household", "household_id", "card_id"),
        Index("card_merchant", "merchant_id", "card_id"),
        Index("card_state", "merchant_id", "state", "card_id"),
    )
    card_id: Mapped[IdKey]
    merchant_id: Mapped[IdRef]
    household_id: Mapped[IdRef]
    payment_id: Mapped[IdRef]
    money_account_id: Mapped[IdRef]
    gift_account_id: Mapped[IdRef]
    name: Mapped[Short]
    state: Mapped[Code]
    paid_in_fen: Mapped[FenColumn]
    """What was sold, without what a refund of the sale took back."""
    gift_in_fen: Mapped[FenColumn]
    returned_fen: Mapped[FenColumn]
    """What went to the household's fund because the merchant left."""
    bought_at: Mapped[Instant]
    returned_at: Mapped[MaybeInstant]
    version: Mapped[Count]


class CardReturnRow(Row):
    """A merchant that has left: whatever is or comes onto its members' cards goes back to them."""

    __tablename__ = "card_return"
    merchant_id: Mapped[IdKey]
    reason: Mapped[Short]
    begun_at: Mapped[Instant]
