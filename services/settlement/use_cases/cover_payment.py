"""What a household's fund and a prepaid card pay of a payment: set aside until the rest has come.

The choice may be changed as long as nothing is open at a channel.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, update

from services.contracts.cards import CardState, NoSuchCard
from services.contracts.settlement import (
    Allocation,
    Custody,
    InsufficientFunds,
    Pay,
    PayWay,
    TooMuch,
    WayNotOpen,
)
from services.kernel.db import Tx
from services.kernel.ids import derived_id
from services.settlement import card_queries, holds, queries
from services.settlement.domain import accounts
from services.settlement.domain.accounts import Account, Custodian
from services.settlement.domain.holds import Hold
from services.settlement.domain.parts import Cover, card_cover, less, on_card_fen
from services.settlement.domain.transfers import Transfer
from services.settlement.tables import PaymentRow

_SET = (
    update(PaymentRow)
    .where(PaymentRow.payment_id == bindparam("payment"))
    .values(
        fund_fen=bindparam("fund"),
        card_id=bindparam("card"),
        card_fen=bindparam("card_money"),
        gift_fen=bindparam("gift"),
        cover_count=bindparam("turn"),
    )
)


@dataclass(frozen=True, slots=True)
class Rest:
    """What is covered, and what is left for a channel."""

    cover: Cover
    channel_fen: int
    turn: int = 0
    in_the_way: Sequence[Row[Any]] = field(default_factory=list)


def kept(payment: Row[Any]) -> Cover:
    """What was set aside for the payment."""
    return Cover(payment.fund_fen, payment.card_id, payment.card_fen, payment.gift_fen)


def cover(tx: Tx, payment: Row[Any], command: Pay, now: datetime) -> Rest:
    """Set aside what the payer wants fund and card to pay; the same wish again changes nothing."""
    before = kept(payment)
    wanted = _wanted(tx, payment, command, before)
    rest = Rest(wanted, payment.amount_fen - wanted.total_fen, payment.cover_count)
    if wanted == before:
        return rest
    live = queries.live_channel_orders(tx, payment.payment_id)
    if live:
        return Rest(before, payment.amount_fen - before.total_fen, payment.cover_count, live)
    give_back(tx, payment, now)
    turn = payment.cover_count + 1
    for hold in _holds(payment, wanted, turn):
        holds.place(tx, hold, now)
    _keep(tx, payment.payment_id, wanted, turn)
    return Rest(wanted, payment.amount_fen - wanted.total_fen, turn)


def give_back(tx: Tx, payment: Row[Any], now: datetime) -> None:
    """Void what is set aside for a payment, if anything is."""
    for hold in _holds(payment, kept(payment), payment.cover_count):
        holds.void(tx, hold.hold_id, now)


def take(tx: Tx, payment: Row[Any], due_fen: int, now: datetime) -> tuple[Cover, list[Transfer]]:
    """Take what is due out of what was set aside; the transfers that give the rest back."""
    before = kept(payment)
    taken = less(before, due_fen)
    pairs = zip(
        (before.fund_fen, before.card_fen, before.gift_fen),
        (taken.fund_fen, taken.card_fen, taken.gift_fen),
        ("fund", "card", "gift"),
        strict=True,
    )
    back: list[Transfer] = []
    for held_fen, taken_fen, part in pairs:
        if held_fen:
            hold_id = _hold_id(payment.payment_id, part, payment.cover_count)
            back += holds.resolve(tx, hold_id, taken_fen, now)
    if taken != before:
        _keep(tx, payment.payment_id, taken, payment.cover_count)
    return taken, back


def hold_account(payment_id: str, part: str, turn: int) -> Account:
    """Where `fund`, `card` or `gift` is set aside for a payment."""
    custodian = Custodian.MERCHANT if part == "gift" else Custodian.PROPERTY
    return accounts.hold(_hold_id(payment_id, part, turn), custodian)


def _wanted(tx: Tx, payment: Row[Any], command: Pay, before: Cover) -> Cover:
    if not command.fund_fen and command.card_id is None:
        return Cover() if command.way is not PayWay.BALANCE else _all_from_fund(payment)
    if payment.custody == Custody.PLATFORM:
        raise WayNotOpen("the shop itself receives here", fields={"way": "fund"})
    wanted = before
    if (command.fund_fen, command.card_id) != (before.fund_fen, before.card_id):
        wanted = _fresh(tx, payment, command)
    if command.way is PayWay.BALANCE and wanted.total_fen < payment.amount_fen:
        missing = payment.amount_fen - wanted.total_fen
        raise InsufficientFunds("not enough", fields={"missing_fen": str(missing)})
    return wanted


def _fresh(tx: Tx, payment: Row[Any], command: Pay) -> Cover:
    """Another wish than the one that was set aside for; TooMuch for more than is to be paid."""
    parts = queries.allocations(tx, payment.payment_id)
    card_fen, gift_fen = _from_card(tx, payment, command, parts)
    wanted = Cover(command.fund_fen, command.card_id, card_fen, gift_fen)
    if wanted.total_fen > payment.amount_fen:
        left = payment.amount_fen - card_fen - gift_fen
        raise TooMuch("more than is to be paid", fields={"left_fen": str(left)})
    return wanted


def _all_from_fund(payment: Row[Any]) -> Cover:
    if payment.custody == Custody.PLATFORM:
        raise WayNotOpen("the shop itself receives here", fields={"way": "fund"})
    return Cover(fund_fen=payment.amount_fen)


def _from_card(tx: Tx, payment: Row[Any], command: Pay, parts: list[Allocation]) -> tuple[int, int]:
    if command.card_id is None:
        return 0, 0
    card = card_queries.card_for_spending(tx, command.card_id)
    if card is None or card.household_id != payment.household_id:
        raise NoSuchCard()
    if card.state != CardState.ACTIVE:
        raise NoSuchCard("the card has been returned")
    due_fen = min(on_card_fen(parts, card.merchant_id), payment.amount_fen - command.fund_fen)
    if due_fen <= 0 or card.money_fen + card.gift_fen == 0:
        raise WayNotOpen("the card pays its own shop's orders only", fields={"way": "card"})
    return card_cover(due_fen, int(card.money_fen), int(card.gift_fen))


def _hold_id(payment_id: str, part: str, turn: int) -> str:
    return derived_id("hold", "payment", payment_id, part, str(turn))


def _holds(payment: Row[Any], cover: Cover, turn: int) -> list[Hold]:
    sources = [
        ("fund", accounts.household_fund(payment.household_id), cover.fund_fen),
        ("card", accounts.card(cover.card_id or ""), cover.card_fen),
        ("gift", accounts.card_gift(cover.card_id or ""), cover.gift_fen),
    ]
    return [
        Hold(_hold_id(payment.payment_id, part, turn), source, amount_fen, f"payment.{part}")
        for part, source, amount_fen in sources
        if amount_fen
    ]


def _keep(tx: Tx, payment_id: str, cover: Cover, turn: int) -> None:
    tx.execute(
        _SET,
        {
            "payment": payment_id,
            "fund": cover.fund_fen,
            "card": cover.card_id,
            "card_money": cover.card_fen,
            "gift": cover.gift_fen,
            "turn": turn,
        },
    )
