"""Everybody's acts in a life of deals, each with its dice, and how likely each is."""

from collections.abc import Callable
from typing import Any

from services.contracts.catalog import Fulfilment
from services.contracts.delivery import VisitState
from services.contracts.orders import OrderState, RefundTo
from services.contracts.permissions import Permission
from services.contracts.settlement import DeskMethod, PayWay, RefundState
from services.kernel.actor import Actor
from tests.support.deal_life.deal_life import ALL, DealLife
from tests.support.deal_life.world import SERVICES, with_steps

Act = Callable[[DealLife], None]
MANY = 1000
WAYS = (
    *(PayWay.WECHAT_JSAPI, PayWay.WECHAT_NATIVE) * 5,
    PayWay.BALANCE,
    *(PayWay.ON_DELIVERY,) * 3,
)
PAUSES_S = (*(1, 5, 20, 60, 60, 120, 300, 300, 300, 600) * 2, 1_000, 4_000, 8_000, 90_000, 180_000)
"""After an hour or two stores and residents have mostly let their time pass."""
STATEMENTS_MAX = 20
CRASHES = (
    "orders.place.after_reserve",
    "orders.place.after_context",
    "orders.place.after_quote",
    "orders.place.after_commit",
    "orders.place.after_open_payment",
    "orders.expire.after_closing",
    "orders.expire.after_close_payment",
    "orders.dispatch.after_assign",
    "settlement.pay.after_intent",
    "settlement.pay.after_prepay",
    "settlement.close.after_channel",
    "settlement.refund.after_channel",
    "settlement.settle.after_batch",
    "delivery.admit.before_commit",
    "payment.received.before_commit",
    "order.paid.before_commit",
    "order.cancelled.before_commit",
    "order.completed.before_commit",
    "drop.delivered.before_commit",
)
"""Where a process may die, beside the steps of the sagas."""


# residents


def place(life: DealLife) -> None:
    """A cart over one to three shops."""
    dice, town = life.dice, life.world.town
    resident = dice.choice(town.residents)
    shops = dice.sample(town.shops, dice.choice((1, 1, 2, 3)))
    life.deals.place(resident, shops)


def pay(life: DealLife) -> None:
    """Mostly what was ordered last; the channel's sheet is confirmed at once, or some day."""
    dice = life.dice
    waiting = [o for o in life.deals.orders() if o.state == OrderState.AWAITING_PAYMENT]
    if not waiting:
        place_and_pay(life)
        return
    _pay(life, dice.choice(waiting[-3:]))


def place_and_pay(life: DealLife) -> None:
    """What most carts come to."""
    place(life)
    waiting = [o for o in life.deals.orders() if o.state == OrderState.AWAITING_PAYMENT]
    if waiting:
        _pay(life, waiting[-1])


def _pay(life: DealLife, order: Any) -> None:
    dice, paying = life.dice, life.paying
    payer = _payer_of(life, order)
    view = life.deals.view(order.order_id, payer)
    if "pay" not in view.may:
        return
    if dice.chance(0.1):
        paying.at_desk(order.payment_id, dice.choice(list(DeskMethod)))
        return
    cards = paying.cards_of(order.household_id)
    card_id = dice.choice(cards) if cards and dice.chance(0.4) else None
    there_fen = paying.fund_of(order.household_id)
    fund_fen = dice.choice((0, 0, there_fen, min(there_fen, order.amount_fen) // 2))
    way = dice.choice(WAYS)
    if dice.chance(0.9) and not _open(way, order, fund_fen, card_id):
        way = PayWay.WECHAT_JSAPI
    before = set(life.world.channel.trades)
    paying.pay(view, payer, way, fund_fen, card_id)
    for number in sorted(life.world.channel.trades.keys() - before):
        if dice.chance(0.92):
            paying.somebody_confirms(number, notice=dice.chance(0.7))


def _open(way: PayWay, order: Any, fund_fen: int, card_id: str | None) -> bool:
    """Whether it can be had, as far as one sees."""
    if way is PayWay.BALANCE:
        return fund_fen >= order.amount_fen or card_id is not None
    return way is not PayWay.ON_DELIVERY or order.fulfilment == Fulfilment.DELIVERY


def _payer_of(life: DealLife, order: Any) -> Actor:
    people = life.world.town.people_of(order.household_id)
    return life.dice.choice([one for one in people if one.may(Permission.PAYMENT_PAY)])


# on orders


def go_on(life: DealLife) -> None:
    """With an order that is under way, by one of its sides."""
    found = [o for o in life.deals.orders() if o.state not in _FINAL]
    paid = [o for o in found if o.paid_at] if life.dice.chance(0.85) else found
    if paid or found:
        _walk(life, (paid or found)[-6:])
    else:
        place_and_pay(life)


def attend(life: DealLife) -> None:
    """A shop looks at its desk."""
    life.deals.attend(life.dice.choice(life.world.town.shops))


def look_back(life: DealLife) -> None:
    """On an order that is done: after-sales, a quarrel, a review."""
    found = [o for o in life.deals.orders() if o.state == OrderState.COMPLETED]
    _walk(life, found[-6:])


_FINAL = (OrderState.COMPLETED, OrderState.CANCELLED)


def _walk(life: DealLife, found: list[Any]) -> None:
    if not found:
        go_on(life)
        return
    order = life.dice.choice(found)
    if order.trouble == "after_sale" and life.dice.chance(0.7):
        life.deals.case_goes_on(order)
    elif order.trouble == "disputed" and life.dice.chance(0.8):
        life.deals.dispute_goes_on(order)
    else:
        life.deals.walk(order)


def trouble_goes_on(life: DealLife) -> None:
    """Whatever is open beside the course."""
    troubled = [o for o in life.deals.orders() if o.trouble != "none"]
    _walk(life, troubled)


def try_in_vain(life: DealLife) -> None:
    """Whoever it is, what nobody has offered."""
    orders = life.deals.orders()
    if orders:
        life.deals.try_in_vain(life.dice.choice(orders))


# couriers


def courier(life: DealLife) -> None:
    """Comes, brings, leaves, or does not."""
    dice, couriers = life.dice, life.couriers
    one = dice.choice(list(life.world.town.couriers.values()))
    visits = couriers.visits_of(one)
    if not visits:
        return
    visit = dice.choice(visits)
    if visit.state is VisitState.EXPECTED:
        couriers.come(one, visit, admitted=dice.chance(0.9))
        if dice.chance(0.5):
            couriers.bring(one, visit)
    elif dice.chance(0.7):
        couriers.bring(one, visit)
    else:
        couriers.leave(visit)


def deliver(life: DealLife) -> None:
    """A drop is brought, by whichever way the courier came in."""
    waiting = life.couriers.assigned()
    if waiting:
        drop_id, who = life.dice.choice(waiting)
        life.couriers.deliver(who, drop_id)


# money


def confirm_on_the_sheet(life: DealLife) -> None:
    """In time, or when the sheet should be closed."""
    late = life.dice.chance(0.3)
    unpaid = life.paying.unpaid(late=late)
    if unpaid:
        life.paying.somebody_confirms(life.dice.choice(unpaid), notice=life.dice.chance(0.7))


def notice(life: DealLife) -> None:
    told = life.paying.notices()
    if told:
        number, refund = life.dice.choice(told)
        life.paying.notify(number, refund=refund)


def end_refund(life: DealLife) -> None:
    life.paying.a_refund_ends(life.dice.randrange(MANY), given_up=life.dice.chance(0.2))


def change_channel(life: DealLife) -> None:
    state = life.dice.choice((RefundState.PROCESSING, RefundState.PROCESSING, RefundState.FAILED))
    life.paying.the_channel_changes(life.dice.chance(0.3), state)


def desk(life: DealLife) -> None:
    """The cashier's day."""
    life.paying.hand_in()
    life.paying.mend_refunds(redirect=life.dice.chance(0.5))


def give_part_back(life: DealLife) -> None:
    paid = [o for o in life.deals.orders() if o.paid_at]
    if paid:
        order = life.dice.choice(paid)
        fen = max(1, order.amount_fen // life.dice.choice((2, 5)))
        life.paying.give_part_back(order.order_id, fen, life.dice.choice(list(RefundTo)[:2]))


# time, loss and death


def wait(life: DealLife) -> None:
    life.wait(life.dice.choice(PAUSES_S))


def post_comes(life: DealLife) -> None:
    life.world.post_comes(life.dice.choice((2, 8, ALL)))


def once_more(life: DealLife) -> None:
    life.world.once_more(life.dice.randrange(MANY))


def ask_again(life: DealLife) -> None:
    life.world.ask_again()


def lose_a_call(life: DealLife) -> None:
    life.world.trouble.plan(life.dice.randrange(5), answer_lost=life.dice.chance(0.6))
    life.world.story.append(f"a call will be lost, answer {life.world.trouble.answer_lost}")


def die_between(life: DealLife) -> None:
    life.world.dies_at(life.dice.choice(with_steps(CRASHES)))


def die_within(life: DealLife) -> None:
    service = life.dice.choice((*SERVICES, "orders", "orders"))
    life.world.breaks_off(service, life.dice.randrange(STATEMENTS_MAX))


FIRST: tuple[Act, ...] = (place_and_pay, place_and_pay, place_and_pay, post_comes)
"""Every life has seen some deals."""
LIKELY: dict[Act, int] = {
    place: 1,
    place_and_pay: 5,
    pay: 9,
    go_on: 50,
    attend: 16,
    look_back: 20,
    trouble_goes_on: 30,
    try_in_vain: 8,
    courier: 9,
    deliver: 9,
    confirm_on_the_sheet: 5,
    notice: 5,
    end_refund: 4,
    change_channel: 2,
    desk: 3,
    give_part_back: 1,
    wait: 12,
    post_comes: 30,
    once_more: 4,
    ask_again: 4,
    lose_a_call: 5,
    die_between: 5,
    die_within: 5,
}
