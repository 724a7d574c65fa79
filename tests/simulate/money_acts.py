"""The acts of a life of money, each with its dice: how likely it is, and what it may look like."""

import random
from collections.abc import Callable

from services.contracts.orders import RefundTo
from services.contracts.settlement import DeskMethod, OwnerKind, PaymentView, PayWay, RefundState
from services.contracts.withdrawals import PayoutWay
from services.settlement.domain.fee_system import Standing
from services.settlement.domain.payouts import PayoutState
from tests.support.life.money_life import CRASHES, MoneyLife
from tests.support.life.paying import Line

PAYERS = ("oHkLxt-a", "oHkLxt-b", "oHkLxt-c")
AMOUNTS_FEN = (1, 9_999)
STATEMENTS_MAX = 16
"""Most use cases write fewer."""
REFUND_ENDS = (RefundState.PROCESSING, RefundState.PROCESSING, RefundState.FAILED)
REFUSALS = ("", "", "", "NOT_ENOUGH")
PAUSES_S = (1, 5, 20, 20, 60, 60, 120, 300, 1200, 1200, 90_000, 260_000, -45)
"""The long ones are more than a day, and more than the time for disputes; the clock may go back."""
CATEGORIES = ("", "breakfast", "fruit")
RATES_BP = (0, 100, 333, 600, 1500)
WAYS = (PayWay.WECHAT_JSAPI, PayWay.WECHAT_JSAPI, PayWay.WECHAT_NATIVE)
MANY = 1000

Act = Callable[[MoneyLife, random.Random], None]


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
    life.paying.pay(_some(life, chance), chance.choice(PAYERS), chance.choice(WAYS))


def pay_in_parts(life: MoneyLife, chance: random.Random) -> None:
    """From fund or card or both, mostly of a payment that has just been opened."""
    if chance.random() < 0.7:
        open_payment(life, chance)
    payment = life.world.payments[-1] if chance.random() < 0.8 else _some(life, chance)
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
    life.paying.pay(_some(life, chance), way=PayWay.ON_DELIVERY)


def confirm_on_the_sheet(life: MoneyLife, chance: random.Random) -> None:
    life.paying.somebody_pays(chance.randrange(MANY))


def notice(life: MoneyLife, chance: random.Random) -> None:
    life.paying.a_notice_arrives(chance.randrange(MANY))


def close(life: MoneyLife, chance: random.Random) -> None:
    life.paying.close(_some(life, chance))


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
    life.orders.complete(_held(life, chance), chance.randrange(3))


def cancel(life: MoneyLife, chance: random.Random) -> None:
    to = chance.choice((RefundTo.CHANNEL, RefundTo.FUND, RefundTo.FUND))
    life.orders.cancel(_held(life, chance), chance.randrange(3), to)


def refund_part(life: MoneyLife, chance: random.Random) -> None:
    payment, index = _held(life, chance), chance.randrange(3)
    to = chance.choice((RefundTo.CHANNEL, RefundTo.FUND))
    life.orders.refund_part(payment, index, _share(payment, index, chance), to)


def freeze(life: MoneyLife, chance: random.Random) -> None:
    payment, index = _held(life, chance), chance.randrange(3)
    life.orders.freeze(payment, index)
    if chance.random() < 0.6:
        _rule(life, chance, payment, index)


def rule(life: MoneyLife, chance: random.Random) -> None:
    _rule(life, chance, _held(life, chance), chance.randrange(3))


def bring(life: MoneyLife, chance: random.Random) -> None:
    payment, index = _held(life, chance), chance.randrange(3)
    life.orders.bring(payment, index, chance.randrange(2))
    if chance.random() < 0.5:
        life.orders.complete(payment, index)


def hand_in(life: MoneyLife, chance: random.Random) -> None:
    life.orders.hand_in(chance.randrange(MANY))


def change_rate(life: MoneyLife, chance: random.Random) -> None:
    merchant = chance.choice((None, 0, 1, 2))
    category = chance.choice(CATEGORIES)
    life.orders.rate(chance.choice(RATES_BP), merchant, category, chance.choice((0, 0, 1)))


# the desk


def take_at_desk(life: MoneyLife, chance: random.Random) -> None:
    life.desk.take(_some(life, chance), chance.choice(list(DeskMethod)))


def take_deposit(life: MoneyLife, chance: random.Random) -> None:
    life.desk.take_deposit(chance.randrange(3), chance.randint(1, 3_000))


def mend_refund(life: MoneyLife, chance: random.Random) -> None:
    act = chance.choice((life.desk.retry, life.desk.redirect, life.desk.pay_out))
    act(chance.randrange(MANY))


# withdrawals


def put_bank_account(life: MoneyLife, chance: random.Random) -> None:
    life.withdrawals.put_account(chance.randrange(6), chance.choice((0, 0, 0, 1)))


def withdraw(life: MoneyLife, chance: random.Random) -> None:
    """Somebody who has something, as a rule."""
    owner, way = chance.randrange(6), chance.choice(list(PayoutWay))
    for other in range(6):
        if not life.withdrawals.fund_fen(owner):
            owner = other
    there_fen = life.withdrawals.fund_fen(owner)
    if way is PayoutWay.BANK and chance.random() < 0.7:
        life.withdrawals.put_account(owner, 0)
    amount_fen = max(1, chance.choice((1, there_fen, there_fen // 2, there_fen // 3, 3_500)))
    life.withdrawals.ask(owner, amount_fen, way)


def decide_withdrawal(life: MoneyLife, chance: random.Random) -> None:
    life.withdrawals.decide(chance.randrange(MANY), approve=chance.random() < 0.7)


def take_withdrawal_back(life: MoneyLife, chance: random.Random) -> None:
    life.withdrawals.cancel(chance.randrange(MANY))


def payee(life: MoneyLife, chance: random.Random) -> None:
    reason = chance.choice(("OVERDUE_CLOSE", "ACCOUNT_FROZEN"))
    done = chance.random() < 0.6
    state = PayoutState.DONE if done else PayoutState.FAILED
    life.withdrawals.one_ends(chance.randrange(MANY), state, "" if done else reason)
    if chance.random() < 0.5:
        life.withdrawals.a_notice_arrives(chance.randrange(MANY))


def change_payouts(life: MoneyLife, chance: random.Random) -> None:
    away, slow = chance.random() < 0.3, chance.random() < 0.3
    life.withdrawals.the_payouts_change(away, chance.choice(REFUSALS), slow)


def bank(life: MoneyLife, chance: random.Random) -> None:
    if chance.random() < 0.5:
        life.withdrawals.make_file()
    else:
        life.withdrawals.take_result(chance.randrange(MANY), chance.randint(1, 4))


# cards and fees


def merchant_leaves(life: MoneyLife, chance: random.Random) -> None:
    life.cards.merchant_leaves(chance.randrange(3))


def bill(life: MoneyLife, chance: random.Random) -> None:
    life.fees.a_bill_comes(chance.randrange(9), chance.randint(1, 4_000))


def change_bill(life: MoneyLife, chance: random.Random) -> None:
    standing = chance.choice((Standing.OPEN, Standing.OPEN, Standing.PAID, Standing.WITHDRAWN))
    life.fees.a_bill_changes(chance.randrange(MANY), chance.randint(1, 4_000), standing)


def pay_fee(life: MoneyLife, chance: random.Random) -> None:
    fees = life.fees
    act = chance.choice((fees.offset, fees.offset, fees.open, fees.take_at_desk, fees.reverse))
    act(chance.randrange(MANY))


def change_fee_system(life: MoneyLife, chance: random.Random) -> None:
    life.fees.the_system_changes(chance.random() < 0.3, chance.random() < 0.3)


# the channel, time, and death


def change_channel(life: MoneyLife, chance: random.Random) -> None:
    away = chance.random() < 0.4
    life.paying.the_channel_changes(away, chance.choice(REFUND_ENDS), chance.choice(REFUSALS))


def end_refund(life: MoneyLife, chance: random.Random) -> None:
    life.paying.a_refund_ends(chance.randrange(MANY), given_up=chance.random() < 0.25)


def wait(life: MoneyLife, chance: random.Random) -> None:
    life.world.time_passes(chance.choice(PAUSES_S))
    life.jobs_run(checkpoints=chance.random() < 0.1)


def once_more(life: MoneyLife, chance: random.Random) -> None:
    life.world.once_more(chance.randrange(MANY))


def die_between(life: MoneyLife, chance: random.Random) -> None:
    life.world.dies_at(chance.choice(CRASHES))


def die_within(life: MoneyLife, chance: random.Random) -> None:
    life.world.breaks_off(chance.randrange(STATEMENTS_MAX))


def meanwhile(life: MoneyLife, chance: random.Random) -> None:
    acts = (pay_by_channel, pay_in_parts, confirm_on_the_sheet, notice, close, complete, cancel)
    act = chance.choice((*acts, take_at_desk, refund_part, freeze, wait))
    life.world.meanwhile(lambda: act(life, chance), early=chance.random() < 0.5)


FIRST: tuple[Act, ...] = (endow, pay_whole, complete, open_payment, pay_by_channel, bill)
"""Every life has seen some money."""
LIKELY: dict[Act, int] = {
    open_payment: 8,
    sell_card: 3,
    pay_whole: 9,
    endow: 3,
    pay_by_channel: 8,
    pay_in_parts: 10,
    spend_card: 5,
    pay_at_the_door: 4,
    confirm_on_the_sheet: 12,
    notice: 10,
    close: 4,
    complete: 12,
    cancel: 9,
    refund_part: 6,
    freeze: 5,
    rule: 3,
    bring: 5,
    hand_in: 3,
    change_rate: 2,
    take_at_desk: 3,
    take_deposit: 1,
    mend_refund: 4,
    put_bank_account: 2,
    withdraw: 7,
    decide_withdrawal: 4,
    take_withdrawal_back: 2,
    payee: 4,
    change_payouts: 2,
    bank: 4,
    merchant_leaves: 1,
    bill: 3,
    change_bill: 2,
    pay_fee: 8,
    change_fee_system: 2,
    change_channel: 3,
    end_refund: 5,
    wait: 12,
    once_more: 6,
    die_between: 5,
    die_within: 8,
    meanwhile: 8,
}


def _line(chance: random.Random) -> Line:
    return Line(
        amount_fen=chance.randint(*AMOUNTS_FEN),
        merchant=chance.randrange(3),
        subsidy_fen=chance.choice((0, 0, 0, 1, 100)),
        category=chance.choice(CATEGORIES),
    )


def _some(life: MoneyLife, chance: random.Random) -> PaymentView:
    """Mostly one whose time is not over; a first one where there is none."""
    if not life.world.payments:
        open_payment(life, chance)
    known = [*life.world.payments, *life.world.fee_payments]
    in_time = [payment for payment in known if payment.pay_before > life.world.now]
    return chance.choice(in_time if in_time and chance.random() < 0.9 else known)


def _held(life: MoneyLife, chance: random.Random) -> PaymentView:
    """Mostly one that has been paid: what happens to its orders is what moves money."""
    held = life.world.held() if chance.random() < 0.95 else []
    if held and chance.random() < 0.6:
        return held[-1 - chance.randrange(min(len(held), 4))]
    return chance.choice(held or life.world.payments)


def _share(payment: PaymentView, index: int, chance: random.Random) -> int:
    whole = payment.allocations[index % len(payment.allocations)].amount_fen
    return max(1, chance.choice((1, whole // 3, whole // 2, whole)))


def _rule(life: MoneyLife, chance: random.Random, payment: PaymentView, index: int) -> None:
    to = chance.choice((RefundTo.CHANNEL, RefundTo.FUND))
    resident_fen = chance.choice((0, _share(payment, index, chance)))
    life.orders.rule(payment, index, resident_fen, to)
