"""Every movement of a prepaid card's money and gift but the spending, by name.

The money is the member's and stays with the property; the gift is the merchant's promise of goods.
"""

from dataclasses import dataclass

from services.settlement.domain import accounts
from services.settlement.domain.accounts import Account
from services.settlement.domain.transfers import Entry, Transfer, TransferKind, between


def gift_of(plan_gift_fen: int, price_fen: int, money_fen: int) -> int:
    """The gift on a card that was sold for so much of its plan's price."""
    return plan_gift_fen * money_fen // price_fen


def gift_going(money_left_fen: int, gift_left_fen: int, money_going_fen: int) -> int:
    """The gift that goes when so much of the money does: its share, and all of it with the last."""
    if money_left_fen == 0:
        return gift_left_fen
    return gift_left_fen - gift_left_fen * (money_left_fen - money_going_fen) // money_left_fen


@dataclass(frozen=True, slots=True)
class Card:
    """One sale: who bought it from whom. `turn` tells repeated movements of it apart."""

    card_id: str
    merchant_id: str
    household_id: str
    payment_id: str
    turn: int

    @property
    def money(self) -> Account:
        """What was paid in and not spent."""
        return accounts.card(self.card_id)

    @property
    def gift(self) -> Account:
        """What was promised on top and not spent."""
        return accounts.card_gift(self.card_id)

    def sold(self, money_fen: int, gift_fen: int) -> list[Transfer]:
        """From the escrow of the sale onto the card; the merchant promises the gift."""
        sold = between(accounts.escrow(self.card_id), self.money, money_fen)
        promised = between(accounts.merchant_promise(self.merchant_id), self.gift, gift_fen)
        return self._both(TransferKind.CARD_SOLD, sold, TransferKind.GIFT_PROMISED, promised)

    def taken_back(self, money_fen: int, gift_fen: int) -> list[Transfer]:
        """The sale is refunded: from the card into its escrow again, less gift."""
        back = between(self.money, accounts.escrow(self.card_id), money_fen)
        return self._both(
            TransferKind.TAKEN_BACK, back, TransferKind.GIFT_VOIDED, self._voided(gift_fen)
        )

    def returned(self, money_fen: int, gift_fen: int) -> list[Transfer]:
        """The merchant has left: what is on the card is the household's, and promised no more."""
        fund = accounts.household_fund(self.household_id)
        back = between(self.money, fund, money_fen)
        return self._both(
            TransferKind.CARD_RETURNED, back, TransferKind.GIFT_VOIDED, self._voided(gift_fen)
        )

    def _voided(self, gift_fen: int) -> tuple[Entry, ...]:
        return between(self.gift, accounts.merchant_promise(self.merchant_id), gift_fen)

    def _both(
        self,
        money_kind: TransferKind,
        money: tuple[Entry, ...],
        gift_kind: TransferKind,
        gift: tuple[Entry, ...],
    ) -> list[Transfer]:
        """A transfer of each that moves anything."""
        return [
            Transfer(
                kind=kind,
                purpose=f"card.{self.card_id}.{self.turn}",
                entries=entries,
                reason=money_kind,
                order_id=self.card_id,
                payment_id=self.payment_id,
            )
            for kind, entries in ((money_kind, money), (gift_kind, gift))
            if entries[0].amount_fen
        ]
