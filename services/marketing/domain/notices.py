"""What is said to people: one table. A keyword is one short fact; the link carries the rest.

WeChat shows keyword fields only and refuses values that are empty or longer than their kind allows
(template messages, 「模板消息参数内容规则」); the account's templates must have these fields.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from string import Formatter

KEYWORD_LENGTHS = {"thing": 20, "phrase": 5, "character_string": 32, "amount": 20, "time": 20}
NOTHING = "—"


class Kind(StrEnum):
    """Occasions on which somebody is told something."""

    NEW_ORDER = "order.paid"
    NEW_PICKUP = "order.paid.pickup"
    NEW_APPOINTMENT = "order.paid.appointment"
    ORDER_CONFIRMED = "order.confirmed"
    APPOINTMENT_CONFIRMED = "order.confirmed.appointment"
    ORDER_CONFIRMED_CASH = "order.confirmed.cash"
    ORDER_DISPATCHED = "order.dispatched"
    ORDER_DISPATCHED_CASH = "order.dispatched.cash"
    ORDER_READY = "order.ready"
    ORDER_DELIVERED = "order.delivered"
    SERVICE_DONE = "order.delivered.service"
    ORDER_CANCELLED = "order.cancelled"
    SALE_CANCELLED = "sale.cancelled"
    ORDER_REMINDER = "order.reminder"
    SALE_REMINDER = "sale.reminder"
    ORDER_TROUBLE = "order.trouble"
    SALE_TROUBLE = "sale.trouble"
    MONEY_RELEASED = "escrow.released"
    MONEY_BACK = "refund.completed"
    WITHDRAWAL_WAITS = "withdrawal.awaiting_payee"
    WITHDRAWAL_PAID = "withdrawal.done"
    WITHDRAWAL_BACK = "withdrawal.back"
    CARD_SOLD = "card.sold"
    CARD_RETURNED = "card.returned"
    GREETING = "greeting"


@dataclass(frozen=True, slots=True)
class Keyword:
    """A field of a WeChat template, what people call it, and the fact it shows."""

    field: str
    label: str
    fact: str


@dataclass(frozen=True, slots=True)
class Wording:
    """How one kind is put; a fact called `title` says it more closely in a person's own list."""

    title: str
    keywords: tuple[Keyword, ...]
    link: str


_NUMBER = Keyword("character_string1", "订单号", "number")
_STORE = Keyword("thing2", "店铺", "store")
_GOODS = Keyword("thing2", "商品", "summary")
_ADDRESS = Keyword("thing4", "送到", "address")
_COURIER = Keyword("thing4", "配送员", "courier")
_REASON = Keyword("thing4", "原因", "reason")
_SLOT = Keyword("time5", "预约时间", "slot")
_MATTER = Keyword("thing2", "事项", "title")
_UNTIL = Keyword("thing5", "时限", "until")
"""No `time` field: many have no end, and WeChat takes nothing else in one."""
_COMPLETES = Keyword("time5", "到时自动确认", "completes_at")

RESIDENTS_ORDER = "/h5/orders/{order_id}"
MERCHANTS_ORDER = "/h5/merchant/orders/{order_id}"
PAGE = "{page}"
WITHDRAWAL = "{pages}/withdrawals/{withdrawal_id}"
"""`pages`: the household's, or the merchant's."""


def _amount(label: str = "金额") -> Keyword:
    return Keyword("amount3", label, "amount")


WORDINGS: dict[Kind, Wording] = {
    Kind.NEW_ORDER: Wording(
        "新订单，请接单", (_NUMBER, _GOODS, _amount(), _ADDRESS), MERCHANTS_ORDER
    ),
    Kind.NEW_PICKUP: Wording(
        "新订单，请接单",
        (_NUMBER, _GOODS, _amount(), Keyword("thing4", "交付", "way")),
        MERCHANTS_ORDER,
    ),
    Kind.NEW_APPOINTMENT: Wording(
        "新预约，请确认", (_NUMBER, _GOODS, _amount(), _SLOT), MERCHANTS_ORDER
    ),
    Kind.APPOINTMENT_CONFIRMED: Wording("预约已确认", (_NUMBER, _STORE, _SLOT), RESIDENTS_ORDER),
    Kind.ORDER_CONFIRMED: Wording(
        "商家已接单", (_NUMBER, _STORE, _amount("由物业保管")), RESIDENTS_ORDER
    ),
    Kind.ORDER_DISPATCHED: Wording("开始配送", (_NUMBER, _STORE, _COURIER), RESIDENTS_ORDER),
    Kind.ORDER_CONFIRMED_CASH: Wording(
        "商家已接单", (_NUMBER, _STORE, _amount("货到付款")), RESIDENTS_ORDER
    ),
    Kind.ORDER_DISPATCHED_CASH: Wording(
        "开始配送，请备好现金", (_NUMBER, _amount("货到付款"), _COURIER), RESIDENTS_ORDER
    ),
    Kind.ORDER_DELIVERED: Wording(
        "已送达，请确认收货",
        (_NUMBER, _STORE, _COMPLETES),
        RESIDENTS_ORDER,
    ),
    Kind.SERVICE_DONE: Wording(
        "服务已完成，请确认", (_NUMBER, _STORE, _COMPLETES), RESIDENTS_ORDER
    ),
    Kind.ORDER_READY: Wording(
        "已备好，可以来取了", (_NUMBER, _STORE, Keyword("thing4", "提示", "hint")), RESIDENTS_ORDER
    ),
    Kind.ORDER_REMINDER: Wording("快到时间了，请处理", (_NUMBER, _MATTER, _UNTIL), PAGE),
    Kind.SALE_REMINDER: Wording("快到时间了，请处理", (_NUMBER, _MATTER, _UNTIL), PAGE),
    Kind.ORDER_TROUBLE: Wording(
        "订单有新进展", (_NUMBER, _MATTER, Keyword("thing4", "说明", "words"), _UNTIL), PAGE
    ),
    Kind.SALE_TROUBLE: Wording(
        "订单有新进展", (_NUMBER, _MATTER, Keyword("thing4", "说明", "words"), _UNTIL), PAGE
    ),
    Kind.ORDER_CANCELLED: Wording(
        "订单已取消", (_NUMBER, _STORE, _amount(), _REASON), RESIDENTS_ORDER
    ),
    Kind.SALE_CANCELLED: Wording(
        "订单已取消，不用备货", (_NUMBER, _GOODS, _amount(), _REASON), MERCHANTS_ORDER
    ),
    Kind.MONEY_RELEASED: Wording("货款到账", (_amount("到账金额"),), MERCHANTS_ORDER),
    Kind.MONEY_BACK: Wording(
        "退款已到账",
        (_amount("退款金额"), Keyword("thing4", "退到", "to")),
        RESIDENTS_ORDER,
    ),
    Kind.CARD_SOLD: Wording(
        "卖出会员卡，余额由物业保管", (_NUMBER, _GOODS, _amount("已储值")), MERCHANTS_ORDER
    ),
    Kind.CARD_RETURNED: Wording(
        "商家已退出，储值余额退回家庭资金账户",
        (Keyword("thing2", "会员卡", "card"), _amount("退回金额")),
        "/h5/cards",
    ),
    Kind.WITHDRAWAL_WAITS: Wording(
        "提现待您确认收款",
        (_amount("提现金额"), Keyword("thing4", "提示", "hint")),
        WITHDRAWAL,
    ),
    Kind.WITHDRAWAL_PAID: Wording(
        "提现已到账", (_amount("到账金额"), Keyword("thing4", "从", "fund")), WITHDRAWAL
    ),
    Kind.WITHDRAWAL_BACK: Wording(
        "提现没有成功，钱已退回",
        (_amount("退回金额"), Keyword("thing2", "退到", "fund"), _REASON),
        WITHDRAWAL,
    ),
    Kind.GREETING: Wording("欢迎关注邻里", (), "/h5/"),
}

TROUBLES = {
    "stock_short": "有商品卖完了，请看订单",
    "said": "订单有新留言",
    "overdue": "商家超时，可直接取消",
    "amendment_proposed": "商家想改单，请您决定",
    "amendment_accepted": "居民同意改单",
    "amended": "订单已改好",
    "amendment_over": "没有改单，订单照旧",
    "case_opened": "有售后申请，请处理",
    "case_answered": "售后有答复",
    "case_sent_back": "居民已退回商品",
    "case_taken_back": "商家已收到退货",
    "case_replaced": "换货有进展",
    "case_closed": "售后已结束",
    "dispute_opened": "发起了纠纷，钱已冻结",
    "dispute_proposed": "对方提出分法，请看",
    "mediator_called": "已请物业调解",
    "dispute_taken": "调解员已接手",
    "dispute_ruled": "物业已裁定",
    "dispute_appealed": "已申请经理复核",
    "dispute_closed": "纠纷已解决",
    "reviewed": "收到一条评价",
    "review_answered": "商家回复了您的评价",
    "review_hidden": "物业处理了一条评价",
}
"""Titles by the step that orders tells; at most 20 characters, as their field takes."""
ACTS = {
    "pay": "请支付，过时自动取消",
    "confirm": "请接单，过时自动取消",
    "mark_ready": "请备货，已快超时",
    "dispatch": "请安排配送，已快超时",
    "start_service": "请开始服务",
    "finish_service": "请完成服务，已快超时",
    "hand_over": "请来取货，过时自动取消",
    "confirm_receipt": "请确认收货",
    "cancel": "订单已超时，请尽快处理",
}
"""Titles by what must be done."""

_GREETING = (
    "您好，这里是邻里。\n"
    "小区里的店铺都由物业认证，付的钱先由物业保管，收到货才付给商家。\n"
    '<a href="{link}">点这里登录并绑定房屋</a>，或直接发送想找的东西，比如“豆浆”。'
)


def title_of(kind: Kind, facts: Mapping[str, str]) -> str:
    """What stands above a notice in the person's own list."""
    return facts.get("title") or WORDINGS[kind].title


def lines_of(kind: Kind, facts: Mapping[str, str]) -> dict[str, str]:
    """Label → fact, for the person's own list of notices."""
    return {word.label: facts.get(word.fact) or NOTHING for word in WORDINGS[kind].keywords}


def fields_of(kind: Kind, facts: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """The `data` of a template message; every value fits its field."""
    return {
        word.field: {"value": fitted(word.field, facts.get(word.fact, ""))}
        for word in WORDINGS[kind].keywords
    }


def fitted(field: str, value: str) -> str:
    """The value, shortened with an ellipsis to what the field's kind may hold; never empty."""
    most = KEYWORD_LENGTHS[field.rstrip("0123456789")]
    one_line = " ".join(value.split()) or NOTHING
    return one_line if len(one_line) <= most else one_line[: most - 1] + "…"


def link_of(kind: Kind, facts: Mapping[str, str], public_url: str) -> str:
    """Where the notice leads; home when a fact that the link needs is missing."""
    path = WORDINGS[kind].link
    needed = {name for _, name, _, _ in Formatter().parse(path) if name}
    path = path.format_map(facts) if all(facts.get(name) for name in needed) else "/h5/"
    return public_url.rstrip("/") + path


def greeting(link: str) -> str:
    """What a new follower reads."""
    return _GREETING.format(link=link)
