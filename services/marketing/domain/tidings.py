"""Which event is told to whom. Nobody is told of what they did themselves."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from enum import StrEnum
from typing import Any

from services.contracts.cards import CardReturned
from services.contracts.catalog import Fulfilment
from services.contracts.marketing import WechatEventReceived
from services.contracts.orders import (
    OrderCancelled,
    OrderConfirmed,
    OrderDelivered,
    OrderDispatched,
    OrderEvent,
    OrderPaid,
    OrderReady,
    OrderReminder,
    OrderTrouble,
    Party,
    RefundTo,
)
from services.contracts.settlement import Channel, EscrowReleased, OwnerKind, RefundCompleted
from services.contracts.withdrawals import WithdrawalChanged, WithdrawalState
from services.kernel.money import as_yuan
from services.kernel.wire import Event
from services.marketing.domain.notices import ACTS, TROUBLES, Kind

CHINA = timezone(timedelta(hours=8))
_BACK_TO = {
    RefundTo.CHANNEL: "原支付方式",
    RefundTo.FUND: "家庭资金账户",
    RefundTo.CARD: "会员卡",
}

_FETCHED = {Fulfilment.PICKUP: "到店自取", Fulfilment.IN_STORE: "到店使用"}
_SERVED = (Fulfilment.AT_HOME, Fulfilment.IN_STORE)
_RESIDENT_PAGES = {
    "": "/h5/orders/{order_id}",
    "amendment_proposed": "/h5/orders/{order_id}/amendment",
    "said": "/h5/orders/{order_id}/talk",
}
"""Where what orders tells is answered: a step's own page, or the order."""
_MERCHANT_PAGES = {
    "": "/h5/merchant/orders/{order_id}",
    "said": "/h5/orders/{order_id}/talk",
    "reviewed": "/h5/merchant/reviews",
}


class Audience(StrEnum):
    """Whom identity is asked for; a follower is known by openid already."""

    HOUSEHOLD = "household"
    MERCHANT = "merchant"
    ACCOUNT = "account"
    FOLLOWER = "follower"


@dataclass(frozen=True, slots=True)
class Tiding:
    """One thing to tell one group of people."""

    kind: Kind
    audience: Audience
    group_id: str
    facts: dict[str, str] = field(default_factory=dict)
    app_id: str = ""
    key: tuple[str, ...] = ()
    """What tells it from others of its kind about the same thing."""


def tidings_of(event: Event) -> list[Tiding]:
    """What an event gives to tell; nothing for an event that concerns nobody."""
    rule = _RULES.get(type(event))
    return rule(event) if rule else []


def _to_merchant(kind: Kind, event: OrderEvent, **facts: str) -> Tiding:
    return Tiding(kind, Audience.MERCHANT, event.merchant_id, _order_facts(event) | facts)


def _to_household(kind: Kind, event: OrderEvent, **facts: str) -> Tiding:
    return Tiding(kind, Audience.HOUSEHOLD, event.household_id, _order_facts(event) | facts)


def _order_facts(event: OrderEvent) -> dict[str, str]:
    return {
        "order_id": event.aggregate_id,
        "number": event.number,
        "store": event.store_name,
        "summary": event.summary,
        "address": event.address,
        "amount": f"¥{as_yuan(event.amount_fen)}",
    }


def _paid(event: OrderPaid) -> list[Tiding]:
    if event.supplement_of:  # a difference: the store hears when its order is amended
        return []
    slot = event.slot_from
    if slot:
        return [_to_merchant(Kind.NEW_APPOINTMENT, event, slot=shown_time(slot))]
    if event.sells_card:
        return [_to_merchant(Kind.CARD_SOLD, event)]
    if event.fulfilment in _FETCHED:
        return [_to_merchant(Kind.NEW_PICKUP, event, way=_FETCHED[event.fulfilment])]
    return [_to_merchant(Kind.NEW_ORDER, event)]


def _in_cash(event: OrderEvent) -> bool:
    """To be paid at the door: nothing is held yet."""
    return event.paid_by_channel == Channel.DELIVERY


def _confirmed(event: OrderConfirmed) -> list[Tiding]:
    if event.supplement_of:
        return []
    slot = event.slot_from
    if slot:
        return [_to_household(Kind.APPOINTMENT_CONFIRMED, event, slot=shown_time(slot))]
    kind = Kind.ORDER_CONFIRMED_CASH if _in_cash(event) else Kind.ORDER_CONFIRMED
    return [_to_household(kind, event)]


def _dispatched(event: OrderDispatched) -> list[Tiding]:
    kind = Kind.ORDER_DISPATCHED_CASH if _in_cash(event) else Kind.ORDER_DISPATCHED
    return [_to_household(kind, event, courier=event.courier_name)]


def _delivered(event: OrderDelivered) -> list[Tiding]:
    by = shown_time(event.completes_at)
    kind = Kind.SERVICE_DONE if event.fulfilment in _SERVED else Kind.ORDER_DELIVERED
    return [_to_household(kind, event, completes_at=by)]


def _ready(event: OrderReady) -> list[Tiding]:
    if event.fulfilment not in _FETCHED:  # what is brought tells of itself when it sets out
        return []
    return [_to_household(Kind.ORDER_READY, event, hint="打开订单，出示取货码")]


def _reminder(event: OrderReminder) -> list[Tiding]:
    facts = {
        "title": ACTS.get(event.act, "请尽快处理"),
        "until": shown_until(event.deadline_at),
    }
    key = (event.act, shown_time(event.deadline_at))
    if event.to is Party.RESIDENT:
        return [_about(Kind.ORDER_REMINDER, event, key, facts)]
    return [_about(Kind.SALE_REMINDER, event, key, facts)] if event.to is Party.MERCHANT else []


def _trouble(event: OrderTrouble) -> list[Tiding]:
    facts = {
        "title": TROUBLES.get(event.what, "订单有新进展"),
        "words": event.words,
        "until": shown_until(event.deadline_at) if event.deadline_at else "",
    }
    key = (event.what, str(event.version), event.words)
    kinds = {Party.RESIDENT: Kind.ORDER_TROUBLE, Party.MERCHANT: Kind.SALE_TROUBLE}
    return [_about(kinds[to], event, key, facts, event.what) for to in event.to if to in kinds]


def _about(
    kind: Kind, event: OrderEvent, key: tuple[str, ...], facts: dict[str, str], what: str = ""
) -> Tiding:
    """Staff have queues of their own, and are told nothing."""
    store = kind in (Kind.SALE_REMINDER, Kind.SALE_TROUBLE)
    audience = Audience.MERCHANT if store else Audience.HOUSEHOLD
    group_id = event.merchant_id if store else event.household_id
    pages = _MERCHANT_PAGES if store else _RESIDENT_PAGES
    page = pages.get(what, pages[""]).format(order_id=event.aggregate_id)
    return Tiding(kind, audience, group_id, _order_facts(event) | facts | {"page": page}, key=key)


def _cancelled(event: OrderCancelled) -> list[Tiding]:
    if event.supplement_of:  # its order says what became of it
        return []
    tidings = []
    if event.cancelled_by is not Party.RESIDENT:
        tidings.append(_to_household(Kind.ORDER_CANCELLED, event, reason=event.reason))
    if event.paid and event.cancelled_by is not Party.MERCHANT:  # unpaid: never told of it
        tidings.append(_to_merchant(Kind.SALE_CANCELLED, event, reason=event.reason))
    return tidings


def _released(event: EscrowReleased) -> list[Tiding]:
    if not event.amount_fen:  # a prepaid card was sold: its money is on the card
        return []
    facts = {"order_id": event.aggregate_id, "amount": f"¥{as_yuan(event.amount_fen)}"}
    return [Tiding(Kind.MONEY_RELEASED, Audience.MERCHANT, event.merchant_id, facts)]


def _refunded(event: RefundCompleted) -> list[Tiding]:
    facts = {
        "order_id": event.order_id or "",
        "amount": f"¥{as_yuan(event.amount_fen)}",
        "to": _BACK_TO[event.to],
    }
    return [Tiding(Kind.MONEY_BACK, Audience.ACCOUNT, event.payer_account_id, facts)]


def _card_returned(event: CardReturned) -> list[Tiding]:
    facts = {"card": event.card_name, "amount": f"¥{as_yuan(event.amount_fen)}"}
    return [Tiding(Kind.CARD_RETURNED, Audience.HOUSEHOLD, event.household_id, facts)]


_WITHDRAWAL_KINDS = {
    WithdrawalState.AWAITING_PAYEE: Kind.WITHDRAWAL_WAITS,
    WithdrawalState.DONE: Kind.WITHDRAWAL_PAID,
    WithdrawalState.FAILED: Kind.WITHDRAWAL_BACK,
    WithdrawalState.EXPIRED: Kind.WITHDRAWAL_BACK,
    WithdrawalState.REJECTED: Kind.WITHDRAWAL_BACK,
}
"""What the person who asked for it hears; taking it back, that person did."""


def _withdrawal_changed(event: WithdrawalChanged) -> list[Tiding]:
    kind = _WITHDRAWAL_KINDS.get(event.state)
    if kind is None:
        return []
    of_merchant = event.owner_kind is OwnerKind.MERCHANT
    facts = {
        "withdrawal_id": event.aggregate_id,
        "pages": "/h5/merchant" if of_merchant else "/h5",
        "amount": f"¥{as_yuan(event.amount_fen)}",
        "fund": "商家资金账户" if of_merchant else "家庭资金账户",
        "hint": "请点开确认，过期会退回",
        "reason": event.note,
    }
    return [Tiding(kind, Audience.ACCOUNT, event.asked_by_account_id, facts)]


def _wechat(event: WechatEventReceived) -> list[Tiding]:
    if event.kind != "subscribe":
        return []
    return [Tiding(Kind.GREETING, Audience.FOLLOWER, event.openid, app_id=event.app_id)]


_RULES: dict[type[Event], Callable[[Any], list[Tiding]]] = {
    OrderPaid: _paid,
    OrderConfirmed: _confirmed,
    OrderDispatched: _dispatched,
    OrderDelivered: _delivered,
    OrderReady: _ready,
    OrderReminder: _reminder,
    OrderTrouble: _trouble,
    OrderCancelled: _cancelled,
    EscrowReleased: _released,
    RefundCompleted: _refunded,
    WithdrawalChanged: _withdrawal_changed,
    CardReturned: _card_returned,
    WechatEventReceived: _wechat,
}


def shown_time(moment: datetime) -> str:
    """`2026年3月1日 12:00`, in China; the form that a `time` keyword takes."""
    local = moment.astimezone(CHINA)
    return f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}"


def shown_until(moment: datetime) -> str:
    """`3月1日 12:00 前`, in China."""
    local = moment.astimezone(CHINA)
    return f"{local.month}月{local.day}日 {local:%H:%M} 前"


def day_began(now: datetime) -> datetime:
    """When the local day of `now` began."""
    return now.astimezone(CHINA).replace(hour=0, minute=0, second=0, microsecond=0)
