"""Acts of cashiers, of those whose money it is, of fee system, channel, time and death."""

import random

from services.contracts.settlement import DeskMethod, RefundState
from services.contracts.withdrawals import PayoutWay
from services.settlement.domain.fee_system import Standing
from services.settlement.domain.payouts import PayoutState
from tests.simulate.order_acts import (
    MANY,
    cancel,
    close,
    complete,
    confirm_on_the_sheet,
    freeze,
    give_back,
    notice,
    pay_by_channel,
    pay_in_parts,
    refund_part,
    some,
)
from tests.support.life.money_life import CRASHES, MoneyLife

STATEMENTS_MAX = 16
"""Most use cases write fewer."""
REFUND_ENDS = (RefundState.PROCESSING, RefundState.PROCESSING, RefundState.FAILED)
REFUSALS = ("", "", "", "NOT_ENOUGH")
PAUSES_S = (1, 5, 20, 20, 60, 60, 120, 300, 1200, 1200, 90_000, 260_000, -45)
"""The long ones are more than a day, and more than the time for disputes; the clock may go back."""


# the desk


def take_at_desk(life: MoneyLife, chance: random.Random) -> None:
    life.desk.take(some(life, chance), chance.choice(list(DeskMethod)))


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
    act = chance.choice((*acts, take_at_desk, refund_part, give_back, freeze, wait))
    life.world.meanwhile(lambda: act(life, chance), early=chance.random() < 0.5)
