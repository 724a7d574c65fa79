"""How a payment may be paid from here: fund, card, and the ways that this browser can open."""

from dataclasses import dataclass, field

from flask import request

from gateway.parts import parts
from gateway.signing_in import client
from services.contracts.cards import CardsQuery, CardState, CardView
from services.contracts.settlement import (
    Custody,
    FundQuery,
    OwnerKind,
    PaymentView,
    PayWay,
)
from services.kernel.errors import Forbidden, NotFound, Unavailable

IN_WECHAT = (PayWay.WECHAT_JSAPI, PayWay.ON_DELIVERY)
ON_PHONE = (
    PayWay.WECHAT_H5,
    PayWay.ALIPAY_WAP,
    PayWay.UNIONPAY_PAGE,
    PayWay.ON_DELIVERY,
    PayWay.WECHAT_NATIVE,
    PayWay.ALIPAY_QR,
)
ON_DESKTOP = (
    PayWay.WECHAT_NATIVE,
    PayWay.ALIPAY_PAGE,
    PayWay.ALIPAY_QR,
    PayWay.UNIONPAY_PAGE,
    PayWay.ON_DELIVERY,
)


@dataclass(frozen=True, slots=True)
class CardChoice:
    """A card that may pay, and how much of this payment it covers."""

    card: CardView
    cover_fen: int


@dataclass(frozen=True, slots=True)
class Choices:
    """What the payer may choose of."""

    payment: PaymentView
    ways: list[PayWay]
    balance_fen: int = 0
    """What is set aside for this very payment is counted in."""
    cards: list[CardChoice] = field(default_factory=list)
    card_id: str = ""
    """The card that was chosen before."""

    @property
    def nothing_to_choose(self) -> bool:
        """One way, and neither fund nor card: the page with the button may come at once."""
        return len(self.ways) == 1 and not self.balance_fen and not self.cards

    def card_covers_fen(self, card_id: str | None) -> int:
        """What the chosen card pays; nothing without one."""
        return next((one.cover_fen for one in self.cards if one.card.card_id == card_id), 0)


def in_wechat() -> bool:
    """Whether the page is shown inside WeChat."""
    return "MicroMessenger" in client()


def _ways_here() -> tuple[PayWay, ...]:
    """WeChat's own sheet needs to know whose WeChat it is."""
    has_openid = bool(parts().cookies.openid())
    if in_wechat():
        return IN_WECHAT if has_openid else IN_WECHAT[1:]
    phone = "Mobile" in client() or "Android" in client()
    outside = ON_PHONE if phone else ON_DESKTOP
    # With the sandbox's script, WeChat's own sheet opens in any browser.
    by_sandbox = has_openid and parts().settings.wechat_script_url
    return (PayWay.WECHAT_JSAPI, *outside) if by_sandbox else outside


def choices_for(payment: PaymentView) -> Choices:
    """The choices of a payment that is open, in this browser, for the person who asks."""
    ways = [way for way in _ways_here() if way in payment.ways]
    if PayWay.BALANCE not in payment.ways or payment.custody is Custody.PLATFORM:
        return Choices(payment, ways)
    cards = _cards(payment)
    before = request.values.get("card_id", "")
    if not before and payment.card_fen and cards:
        before = cards[0].card.card_id
    return Choices(payment, ways, _balance_fen(payment), cards, before)


def _balance_fen(payment: PaymentView) -> int:
    """Nothing while settlement is silent, or for those who may not see it."""
    question = FundQuery(owner_kind=OwnerKind.HOUSEHOLD, owner_id=payment.household_id, limit=1)
    try:
        return payment.fund_fen + parts().backends.settlement.fund(question).balance_fen
    except (Unavailable, Forbidden, NotFound):
        return 0


def _cards(payment: PaymentView) -> list[CardChoice]:
    """The household's cards of the shops that this payment is for."""
    shares: dict[str, int] = {}
    for part in payment.allocations:
        if part.card is None:
            shares[part.merchant_id] = shares.get(part.merchant_id, 0) + part.amount_fen
    if not shares:
        return []
    try:
        page = parts().backends.settlement.cards(
            CardsQuery(household_id=payment.household_id, limit=100)
        )
    except (Unavailable, Forbidden, NotFound):
        return []
    found = [
        card for card in page.items if card.state is CardState.ACTIVE and card.merchant_id in shares
    ]
    chosen = [_choice(card, payment, shares[card.merchant_id], len(found)) for card in found]
    return [one for one in chosen if one.cover_fen]


def _choice(card: CardView, payment: PaymentView, share_fen: int, among: int) -> CardChoice:
    """What the only card has set aside for this payment is on it, too."""
    on_card_fen = card.money_fen + card.gift_fen + (payment.card_fen if among == 1 else 0)
    return CardChoice(card, min(on_card_fen, share_fen))


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the payer chose: the way for what fund and card leave over."""

    way: PayWay
    fund_fen: int
    card_id: str | None


def chosen_of(choices: Choices) -> Chosen:
    """From the form; a card and a fund that pay for everything need no way."""
    payment = choices.payment
    card_id = request.form.get("card_id") or None
    left_fen = payment.amount_fen - choices.card_covers_fen(card_id)
    fund_fen = min(choices.balance_fen, left_fen) if request.form.get("use_fund") else 0
    left_fen -= fund_fen
    asked = request.form.get("way", "")
    way = PayWay(asked) if asked in set(PayWay) else PayWay.WECHAT_JSAPI
    return Chosen(PayWay.BALANCE if left_fen == 0 else way, fund_fen, card_id)
