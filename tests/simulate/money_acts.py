"""How likely each act of a life of money is."""

import random
from collections.abc import Callable

from tests.simulate import fund_acts as fund
from tests.simulate import order_acts as order
from tests.support.life.money_life import MoneyLife

Act = Callable[[MoneyLife, random.Random], None]

FIRST: tuple[Act, ...] = (
    order.endow,
    order.pay_whole,
    order.complete,
    order.open_payment,
    order.pay_by_channel,
    fund.bill,
)
"""Every life has seen some money."""
LIKELY: dict[Act, int] = {
    order.open_payment: 8,
    order.sell_card: 3,
    order.pay_whole: 9,
    order.endow: 3,
    order.pay_by_channel: 8,
    order.pay_in_parts: 10,
    order.spend_card: 5,
    order.pay_at_the_door: 4,
    order.confirm_on_the_sheet: 12,
    order.notice: 10,
    order.close: 4,
    order.complete: 12,
    order.cancel: 9,
    order.refund_part: 6,
    order.give_back: 6,
    order.freeze: 5,
    order.thaw: 2,
    order.rule: 3,
    order.bring: 5,
    order.hand_in: 3,
    order.change_rate: 2,
    fund.take_at_desk: 3,
    fund.take_deposit: 1,
    fund.mend_refund: 4,
    fund.put_bank_account: 2,
    fund.withdraw: 7,
    fund.decide_withdrawal: 4,
    fund.take_withdrawal_back: 2,
    fund.payee: 4,
    fund.change_payouts: 2,
    fund.bank: 4,
    fund.merchant_leaves: 1,
    fund.bill: 3,
    fund.change_bill: 2,
    fund.pay_fee: 8,
    fund.change_fee_system: 2,
    fund.change_channel: 3,
    fund.end_refund: 5,
    fund.wait: 12,
    fund.once_more: 6,
    fund.die_between: 5,
    fund.die_within: 8,
    fund.meanwhile: 8,
}
