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
    ORDER_CONFIRMED = "order.confirmed"
    ORDER_CONFIRMED_CASH = "order.confirmed.cash"
    ORDER_DISPATCHED = "order.dispatched"
    ORDER_DISPATCHED_CASH = "order.dispatched.cash"
    ORDER_DELIVERED = "order.delivered"
    ORDER_CANCELLED = "order.cancelled"
    SALE_CANCELLED = "sale.cancelled"
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
    """How one kind is put."""

    title: str
    keywords: tuple[Keyword, ...]
    link: str


_NUMBER = Keyword("character_string1", "订单号", "number")
_STORE = Keyword("thing2", "店铺", "store")
_GOODS = Keyword("thing2", "商品", "summary")
_ADDRESS = Keyword("thing4", "送到", "address")
_COURIER = Keyword("thing4", "配送员", "courier")
_REASON = Keyword("thing4", "原因", "reason")

RESIDENTS_ORDER = "/h5/orders/{order_id}"
MERCHANTS_ORDER = "/h5/merchant/orders/{order_id}"
WITHDRAWAL = "{pages}/withdrawals/{withdrawal_id}"
"""`pages`: the household's, or the merchant's."""


def _amount(label: str = "金额") -> Keyword:
    return Keyword("amount3", label, "amount")


WORDINGS: dict[Kind, Wording] = {
    Kind.NEW_ORDER: Wording(
        "新订单，请接单", (_NUMBER, _GOODS, _amount(), _ADDRESS), MERCHANTS_ORDER
    ),
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
        (_NUMBER, _STORE, Keyword("time5", "到时自动确认", "completes_at")),
        RESIDENTS_ORDER,
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

_GREETING = (
    "您好，这里是邻里。\n"
    "小区里的店铺都由物业认证，付的钱先由物业保管，收到货才付给商家。\n"
    '<a href="{link}">点这里登录并绑定房屋</a>，或直接发送想找的东西，比如“豆浆”。'
)


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
