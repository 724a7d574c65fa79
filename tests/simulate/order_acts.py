"""Acts of those who order and pay, and what becomes of their orders, each with its dice."""

import random

from services.contracts.orders import RefundTo
from services.contracts.settlement import DeskMethod, OwnerKind, PaymentView, PayWay
from tests.support.life.money_life import MoneyLife
from tests.support.life.paying import Line

PAYERS = ("oHkLxt-a", "oHkLxt-b", "oHkLxt-c")
AMOUNTS_FEN = (1, 9_999)
CATEGORIES = ("", "breakfast", "fruit")
RATES_BP = (0, 100, 333, 600, 1500)
WAYS = (PayWay.WECHAT_JSAPI, PayWay.WECHAT_JSAPI, PayWay.WECHAT_NATIVE)
MANY = 1000


# paying


def open_payment(life: MoneyLife, chance: random.Random) -> None:
    count = chance.choice((1, 1, 2, 3))
    life.paying.open([_line(chance) for _ in range(count)], chance.randrange(3))


def sell_card(life: MoneyLife, chance: random.Random) -> None:
    gift_fen = chance.choice((0, 1, 30, 777))
    merchant, household = chance.randrange(3), chance.randrange(3)
    life.paying.open([Line(chance.randint(100, 9_999), merchant, gift_fen=gift_fen)], household)
    payment = life.world.payments[-1]
    if chance.random() < 0.7:
        life.desk.take(payment, DeskMethod.CASH)
        life.orders.complete(payment)


def pay_by_channel(life: MoneyLife, chance: random.Random) -> None:
    life.paying.pay(some(life, chance), chance.choice(PAYERS), chance.choice(WAYS))


def pay_in_parts(life: MoneyLife, chance: random.Random) -> None:
    """From fund or card or both, mostly of a payment that has just been opened."""
    if chance.random() < 0.7:
        open_payment(life, chance)
    payment = life.world.payments[-1] if chance.random() < 0.8 else some(life, chance)
    there_fen = life.world.books.fund_of(OwnerKind.HOUSEHOLD, payment.household_id)
    most_fen = min(payment.amount_fen, there_fen)
    fund_fen = chance.choice((0, most_fen, most_fen, most_fen // 2, payment.amount_fen))
    cards = life.paying.cards_of(payment.household_id)
    card_id = chance.choice(cards) if cards and chance.random() < 0.5 else None
    way = chance.choice((*WAYS, PayWay.BALANCE, PayWay.ON_DELIVERY))
    life.paying.pay(payment, chance.choice(PAYERS), way, fund_fen, card_id)


def spend_card(life: MoneyLife, chance: random.Random) -> None:
    """Goods of the shop that sold the card; the rest, where there is one, by another way."""
    cards = life.paying.cards_at_hand()
    if not cards:
        sell_card(life, chance)
        return
    card = chance.choice(cards)
    line = Line(chance.choice((1, 99, 500, 12_000)), life.world.merchant_number(card.merchant_id))
    life.paying.open([line], life.world.household_number(card.household_id))
    way = chance.choice((*WAYS, PayWay.BALANCE, PayWay.ON_DELIVERY))
    life.paying.pay(life.world.payments[-1], way=way, card_id=card.card_id)


def pay_at_the_door(life: MoneyLife, chance: random.Random) -> None:
    life.paying.pay(some(life, chance), way=PayWay.ON_DELIVERY)


def confirm_on_the_sheet(life: MoneyLife, chance: random.Random) -> None:
    life.paying.somebody_pays(chance.randrange(MANY))


def notice(life: MoneyLife, chance: random.Random) -> None:
    life.paying.a_notice_arrives(chance.randrange(MANY))


def close(life: MoneyLife, chance: random.Random) -> None:
    life.paying.close(some(life, chance))


def pay_whole(life: MoneyLife, chance: random.Random) -> None:
    """Ordered, paid and told: most orders are like this."""
    open_payment(life, chance)
    payment = life.world.payments[-1]
    before = set(life.world.channel.trades)
    life.paying.pay(payment, chance.choice(PAYERS))
    for number in life.world.channel.trades.keys() - before:
        life.world.channel.is_paid(number)
        life.paying.notify(number, refund=False)


def endow(life: MoneyLife, chance: random.Random) -> None:
    """Paid, and given back to the household's fund."""
    pay_whole(life, chance)
    payment = life.world.payments[-1]
    for index in range(len(payment.allocations)):
        life.orders.cancel(payment, index, RefundTo.FUND)


# orders


def complete(life: MoneyLife, chance: random.Random) -> None:
    life.orders.complete(held(life, chance), chance.randrange(3))


def cancel(life: MoneyLife, chance: random.Random) -> None:
    to = chance.choice((RefundTo.CHANNEL, RefundTo.FUND, RefundTo.FUND))
    life.orders.cancel(held(life, chance), chance.randrange(3), to)


def refund_part(life: MoneyLife, chance: random.Random) -> None:
    payment, index = held(life, chance), chance.randrange(3)
    to = chance.choice((RefundTo.CHANNEL, RefundTo.FUND))
    life.orders.refund_part(payment, index, share(payment, index, chance), to)


def give_back(life: MoneyLife, chance: random.Random) -> None:
    """As the two have agreed; when that is all of it, the order often ends by it."""
    payment, index = held(life, chance), chance.randrange(3)
    to = chance.choice((RefundTo.CHANNEL, RefundTo.FUND))
    life.orders.give_back(payment, index, share(payment, index, chance), to)
    if chance.random() < 0.5:
        chance.choice((life.orders.complete, life.orders.cancel))(payment, index)


def freeze(life: MoneyLife, chance: random.Random) -> None:
    payment, index = held(life, chance), chance.randrange(3)
    life.orders.freeze(payment, index)
    if chance.random() < 0.3:
        life.orders.complete(payment, index)
    ending = chance.random()
    if ending < 0.5:
        _rule(life, chance, payment, index)
    elif ending < 0.7:
        life.orders.thaw(payment, index)


def thaw(life: MoneyLife, chance: random.Random) -> None:
    life.orders.thaw(held(life, chance), chance.randrange(3))


def rule(life: MoneyLife, chance: random.Random) -> None:
    _rule(life, chance, held(life, chance), chance.randrange(3))


def bring(life: MoneyLife, chance: random.Random) -> None:
    payment, index = held(life, chance), chance.randrange(3)
    life.orders.bring(payment, index, chance.randrange(2))
    if chance.random() < 0.5:
        life.orders.complete(payment, index)


def hand_in(life: MoneyLife, chance: random.Random) -> None:
    life.orders.hand_in(chance.randrange(MANY))


def change_rate(life: MoneyLife, chance: random.Random) -> None:
    merchant = chance.choice((None, 0, 1, 2))
    category = chance.choice(CATEGORIES)
    life.orders.rate(chance.choice(RATES_BP), merchant, category, chance.choice((0, 0, 1)))


# which one


def _line(chance: random.Random) -> Line:
    return Line(
        amount_fen=chance.randint(*AMOUNTS_FEN),
        merchant=chance.randrange(3),
        subsidy_fen=chance.choice((0, 0, 0, 1, 100)),
        category=chance.choice(CATEGORIES),
    )


def some(life: MoneyLife, chance: random.Random) -> PaymentView:
    """Mostly one whose time is not over; a first one where there is none."""
    if not life.world.payments:
        open_payment(life, chance)
    known = [*life.world.payments, *life.world.fee_payments]
    in_time = [payment for payment in known if payment.pay_before > life.world.now]
    return chance.choice(in_time if in_time and chance.random() < 0.9 else known)


def held(life: MoneyLife, chance: random.Random) -> PaymentView:
    """Mostly one that has been paid: what happens to its orders is what moves money."""
    held = life.world.held() if chance.random() < 0.95 else []
    if held and chance.random() < 0.6:
        return held[-1 - chance.randrange(min(len(held), 4))]
    return chance.choice(held or life.world.payments)


def share(payment: PaymentView, index: int, chance: random.Random) -> int:
    whole = payment.allocations[index % len(payment.allocations)].amount_fen
    return max(1, chance.choice((1, whole // 3, whole // 2, whole)))


def _rule(life: MoneyLife, chance: random.Random, payment: PaymentView, index: int) -> None:
    to = chance.choice((RefundTo.CHANNEL, RefundTo.FUND))
    resident_fen = chance.choice((0, share(payment, index, chance)))
    life.orders.rule(payment, index, resident_fen, to)
