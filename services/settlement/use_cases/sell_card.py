"""A prepaid card is sold when the order that sells it is done; no money reaches the merchant.

The card has the id of its order. Commission is taken of what is spent, not of what is paid in.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, insert, update

from services.contracts.cards import CardState
from services.contracts.settlement import EscrowReleased, TooMuch
from services.kernel import outbox
from services.kernel.db import Tx
from services.kernel.errors import InvariantBroken
from services.settlement import ledger
from services.settlement.cards import locks
from services.settlement.domain.accounts import Custodian
from services.settlement.domain.cards import Card, gift_going, gift_of
from services.settlement.domain.transfers import Transfer
from services.settlement.tables_cards import CardRow

_INSERT = insert(CardRow)
_CHANGE = (
    update(CardRow)
    .where(CardRow.card_id == bindparam("card"))
    .values(
        state=bindparam("to_state"),
        paid_in_fen=CardRow.paid_in_fen + bindparam("money"),
        gift_in_fen=CardRow.gift_in_fen + bindparam("gift"),
        version=CardRow.version + 1,
    )
)


def sell(tx: Tx, escrow: Row[Any], now: datetime) -> None:
    """Put what is held for the sale on its card, with its share of the gift.

    A sale that was taken back for a dispute, and then stands, is put on the same card again.
    """
    if escrow.custodian != Custodian.PROPERTY:
        raise InvariantBroken(f"order {escrow.order_id} sells a card that the property cannot hold")
    money_fen = _money_left(escrow)
    gift_fen = gift_of(escrow.card_gift_fen, escrow.amount_fen, money_fen)
    known = locks.card_for_update(tx, escrow.order_id) if escrow.releases else None
    turn = 1
    if known is None:
        _insert(tx, escrow, money_fen, gift_fen, now)
    else:
        turn = known.version + 1
        gift_fen = max(gift_fen - known.gift_in_fen, 0)
        _change(tx, escrow.order_id, CardState.ACTIVE, money_fen, gift_fen)
    if transfers := _card(escrow, turn).sold(money_fen, gift_fen):
        ledger.post(tx, transfers, now)
    _tell(tx, escrow)


def take_back(tx: Tx, order_id: str, money_fen: int, now: datetime) -> list[Transfer]:
    """What brings so much of a sale back from its card into the order's escrow; not yet posted.

    The gift goes with it in proportion. TooMuch, with what is left, when more has been spent.
    """
    card = locks.card_for_update(tx, order_id)
    if card is None:
        raise InvariantBroken(f"order {order_id} has sold no card")
    balances = locks.balances_for_update(tx, (card.money_account_id, card.gift_account_id))
    money_left_fen = balances.get(card.money_account_id, 0)
    gift_left_fen = balances.get(card.gift_account_id, 0)
    if money_fen > money_left_fen:
        raise TooMuch("the card has been spent", fields={"left_fen": str(money_left_fen)})
    gift_fen = gift_going(money_left_fen, gift_left_fen, money_fen)
    state = CardState.RETURNED if money_fen == card.paid_in_fen else CardState(card.state)
    _change(tx, order_id, state, -money_fen, -gift_fen)
    return of_row(card).taken_back(money_fen, gift_fen)


def of_row(card: Row[Any]) -> Card:
    """The card about to be moved, as a locked row knows it."""
    return Card(
        card.card_id, card.merchant_id, card.household_id, card.payment_id, card.version + 1
    )


def _card(escrow: Row[Any], turn: int) -> Card:
    return Card(escrow.order_id, escrow.merchant_id, escrow.household_id, escrow.payment_id, turn)


def _money_left(escrow: Row[Any]) -> int:
    """A card never pays for a card, so that nothing of it came from one."""
    paid_fen = escrow.channel_fen + escrow.fund_fen
    return int(paid_fen - escrow.back_channel_fen - escrow.back_fund_fen)


def _insert(tx: Tx, escrow: Row[Any], money_fen: int, gift_fen: int, now: datetime) -> None:
    card = _card(escrow, 1)
    tx.execute(
        _INSERT,
        {
            "card_id": card.card_id,
            "merchant_id": card.merchant_id,
            "household_id": card.household_id,
            "payment_id": card.payment_id,
            "money_account_id": card.money.account_id,
            "gift_account_id": card.gift.account_id,
            "name": escrow.card_name,
            "state": CardState.ACTIVE,
            "paid_in_fen": money_fen,
            "gift_in_fen": gift_fen,
            "returned_fen": 0,
            "bought_at": now,
            "version": 1,
        },
    )


def _change(tx: Tx, card_id: str, state: CardState, money_fen: int, gift_fen: int) -> None:
    values = {"card": card_id, "to_state": state, "money": money_fen, "gift": gift_fen}
    tx.execute(_CHANGE, values)


def _tell(tx: Tx, escrow: Row[Any]) -> None:
    """The order is settled, and nothing of it is the merchant's yet."""
    outbox.emit(
        tx,
        EscrowReleased(
            aggregate_id=escrow.order_id,
            version=escrow.version + 1,
            merchant_id=escrow.merchant_id,
            household_id=escrow.household_id,
            amount_fen=0,
        ),
    )
