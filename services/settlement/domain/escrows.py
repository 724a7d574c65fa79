"""What is held for one order: how it ends, what is left of it, and who bears what."""

from dataclasses import dataclass
from enum import StrEnum

from services.contracts.settlement import AlreadyResolved, EscrowState


class EscrowAct(StrEnum):
    """What can happen to what is held."""

    RELEASE = "release"
    REFUND = "refund"
    """All of what is left goes back."""
    FREEZE = "freeze"
    THAW = "thaw"
    """The quarrel is over, by a ruling or without one: what is left goes to the merchant."""
    UNFREEZE = "unfreeze"
    """The quarrel is over, and the deal is not done yet, or the money not all here."""
    TAKE_BACK = "take_back"
    """In dispute after settlement."""


_S, _A = EscrowState, EscrowAct
ESCROW_MOVES = {
    (_S.HELD, _A.RELEASE): _S.RELEASED,
    (_S.HELD, _A.REFUND): _S.REFUNDED,
    (_S.HELD, _A.FREEZE): _S.FROZEN,
    (_S.RELEASED, _A.TAKE_BACK): _S.FROZEN,
    (_S.FROZEN, _A.THAW): _S.RELEASED,
    (_S.FROZEN, _A.REFUND): _S.REFUNDED,
    (_S.FROZEN, _A.UNFREEZE): _S.HELD,
}


def resolve(state: EscrowState, act: EscrowAct) -> EscrowState:
    """The state after `act`; AlreadyResolved, naming the state, when that is not possible."""
    following = ESCROW_MOVES.get((state, act))
    if following is None:
        raise AlreadyResolved(f"{act} of an escrow that is {state}", fields={"state": state})
    return following


@dataclass(frozen=True, slots=True)
class Parts:
    """An amount by where it came from; the gift is a promise, the others are money."""

    channel_fen: int = 0
    fund_fen: int = 0
    card_fen: int = 0
    gift_fen: int = 0

    @property
    def total_fen(self) -> int:
        """What it is worth in goods."""
        return self.money_fen + self.gift_fen

    @property
    def money_fen(self) -> int:
        """What of it is money."""
        return self.channel_fen + self.fund_fen + self.card_fen

    def minus(self, other: "Parts") -> "Parts":
        """What is left without `other`."""
        return Parts(
            self.channel_fen - other.channel_fen,
            self.fund_fen - other.fund_fen,
            self.card_fen - other.card_fen,
            self.gift_fen - other.gift_fen,
        )


def part_of(left: Parts, amount_fen: int) -> Parts:
    """So much of what is left: first what came through the channel, then from the fund, then from
    the card, of which the gift bears its share.
    """
    channel_fen = min(amount_fen, left.channel_fen)
    fund_fen = min(amount_fen - channel_fen, left.fund_fen)
    from_card_fen = amount_fen - channel_fen - fund_fen
    on_card_fen = left.card_fen + left.gift_fen
    if from_card_fen > on_card_fen:
        raise ValueError(f"{amount_fen} fen is more than is left")
    gift_fen = left.gift_fen * from_card_fen // on_card_fen if on_card_fen else 0
    return Parts(channel_fen, fund_fen, from_card_fen - gift_fen, gift_fen)


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a merchant gets for an order."""

    money_fen: int
    """What of the order is money."""
    commission_fen: int
    subsidy_fen: int
    """What the property adds for discounts that it funds."""

    @property
    def net_fen(self) -> int:
        """What reaches the merchant."""
        return self.money_fen - self.commission_fen + self.subsidy_fen


def settle(money_fen: int, rate_bp: int, subsidy_fen: int) -> Settlement:
    """The shares of an order; of the commission, what is less than a fen is not taken."""
    return Settlement(money_fen, money_fen * rate_bp // 10_000, subsidy_fen)


def undone(settled: Settlement, part_fen: int) -> Settlement:
    """The shares that are undone when so much of the order's money goes back."""
    left_fen = settled.money_fen - part_fen
    if left_fen < 0:
        raise ValueError("more than was settled")
    if settled.money_fen == 0:
        return Settlement(0, 0, 0)

    def share(fen: int) -> int:
        return fen - fen * left_fen // settled.money_fen

    return Settlement(part_fen, share(settled.commission_fen), share(settled.subsidy_fen))


def gift_undone(settled: Settlement, part_fen: int, left_fen: int) -> Settlement:
    """The same for so much of `left_fen` when none of it is money: the discount shrinks with it."""
    kept_fen = settled.subsidy_fen * (left_fen - part_fen) // left_fen
    return Settlement(0, 0, settled.subsidy_fen - kept_fen)
