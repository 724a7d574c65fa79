"""How each state is said on every page: one word, one colour, one sign, and what happens next.

The words are the same everywhere; colour never stands alone. `N_` only marks a text for the
catalogue: it is translated when a page is drawn.
"""

from flask_babel import gettext

from gateway import deal_looks, money_looks
from gateway.wording import N_, Look
from services.contracts.catalog import Fulfilment
from services.contracts.orders import OrderBrief, OrderState, Trouble

SERVICES = {Fulfilment.AT_HOME, Fulfilment.IN_STORE}
UNKNOWN = Look(N_("处理中"), "wait", "clock", N_("我们正在核对，请稍等。"), N_("正在核对。"))

ORDERS = {
    "awaiting_payment": Look(
        N_("待支付"),
        "wait",
        "wallet",
        N_("请您付款。钱先由物业保管，商家不会直接收到。"),
        N_("等居民付款。"),
    ),
    "awaiting_confirmation": Look(
        N_("待接单"),
        "act",
        "bell",
        N_("已付款。等商家接单，不接单会全额退回。"),
        N_("请看清内容后接单。"),
    ),
    "preparing": Look(
        N_("备货中"), "act", "box", N_("商家正在准备。"), N_("备好后请点「备好了」。")
    ),
    "ready": Look(
        N_("待配送"), "act", "bag", N_("已经备好，等配送员来取。"), N_("请选一位配送员出发。")
    ),
    "out_for_delivery": Look(
        N_("配送中"), "go", "bike", N_("配送员正在路上，进小区时门岗会登记。"), N_("配送员在路上。")
    ),
    "delivered": Look(
        N_("已送达"),
        "done",
        "door",
        N_("请检查东西，没问题就确认收货。"),
        N_("等居民确认收货；到时间会自动确认。"),
    ),
    **deal_looks.ORDERS,
    "completed": Look(
        N_("已完成"), "done", "check", N_("钱已付给商家。谢谢您！"), N_("货款已到您的账户。")
    ),
    "closing": Look(
        N_("关闭中"),
        "off",
        "clock",
        N_("正在取消，付过的钱会原路退回。"),
        N_("正在取消，货会放回库存。"),
    ),
    "cancelled": Look(
        N_("已取消"), "off", "cross", N_("订单已取消，付过的钱会全部退回。"), N_("订单已取消。")
    ),
}

VISITS = {
    "expected": Look(N_("待进入"), "wait", "clock"),
    "inside": Look(N_("在小区内"), "go", "bike"),
    "left": Look(N_("已离开"), "off", "door"),
    "refused": Look(N_("未放行"), "bad", "cross"),
    "expired": Look(N_("已过期"), "off", "clock"),
}

CERTIFICATIONS = {
    "certified": Look(N_("已认证"), "done", "shield"),
    "none": Look(N_("未认证"), "wait", "alert"),
    "expired": Look(N_("认证到期"), "wait", "clock"),
    "withdrawn": Look(N_("认证已撤销"), "bad", "cross"),
}

LOOKS = {
    "order": ORDERS,
    **money_looks.LOOKS,
    **deal_looks.LOOKS,
    "visit": VISITS,
    "certification": CERTIFICATIONS,
}

STEPS = {
    "placed": N_("下单"),
    "paid": N_("付款，物业保管"),
    "pay_on_delivery": N_("选择货到付款"),
    "paid_late": N_("迟到的付款，会退回"),
    "confirmed": N_("商家接单"),
    "ready": N_("备好了"),
    "dispatched": N_("交给配送员"),
    "entered": N_("配送员进了小区"),
    "left": N_("配送员离开小区"),
    "delivered": N_("送到门口"),
    "completed": N_("确认收货"),
    "card_sold": N_("会员卡到账"),
    "settled": N_("货款付给商家"),
    "card_kept": N_("卡里的钱由物业保管"),
    "closing": N_("正在关闭"),
    "cancelled": N_("取消"),
    "refunded": N_("钱已退回"),
    "excess_refunded": N_("多付的钱已退回"),
    "stock_short": N_("货不够了"),
    **deal_looks.STEPS,
}

ROLES = {
    "owner": N_("业主"),
    "family": N_("家属"),
    "tenant": N_("租户"),
    "shopkeeper": N_("店主"),
    "shop_hand": N_("店员"),
    "courier": N_("配送员"),
    "clerk": N_("客服"),
    "building_manager": N_("楼管员"),
    "guard": N_("门岗"),
    "cashier": N_("出纳"),
    "accountant": N_("会计"),
    "mediator": N_("调解员"),
    "manager": N_("经理"),
}

PARTIES = {
    "resident": N_("居民"),
    "merchant": N_("商家"),
    "courier": N_("配送员"),
    "staff": N_("物业"),
    "system": N_("系统"),
}

CLIENTS = {"wechat": N_("微信"), "browser": N_("浏览器"), "api": N_("程序接口")}


def code_of(value: object) -> str:
    """An enum's value or a text, without the area that a dotted code starts with."""
    return str(getattr(value, "value", value)).rpartition(".")[2]


def words_of(table: dict[str, str], code: object) -> str:
    """A code's words, translated; one that the table does not know is shown as it is."""
    known = code_of(code)
    return str(gettext(table[known]) if known in table else code)


def step_words(step: object) -> str:
    """What a step of the timeline is called."""
    return words_of(STEPS, step)


def client_words(client: str) -> str:
    """The kind of client that a step came from; its address and agent are for the logs."""
    return words_of(CLIENTS, client.partition(" ")[0])


def role_words(role: object) -> str:
    """A role's or a party's name."""
    return words_of({**PARTIES, **ROLES}, role)


def reason_words(reason: object) -> str:
    """Why money moved."""
    return words_of(money_looks.REASONS, reason)


def account_words(account: object) -> str:
    """A kind of account of the ledger; `clearing:alipay` names the channel where it lies."""
    kind, _, channel = str(getattr(account, "value", account)).partition(":")
    if kind == "clearing" and channel:
        return channel_words(channel)
    return words_of(money_looks.ACCOUNTS, kind)


def channel_words(channel: object) -> str:
    """Through whom money came or goes."""
    return words_of(money_looks.CHANNELS, channel)


def way_words(way: object) -> str:
    """How somebody pays, is paid, or paid at the desk."""
    return words_of(money_looks.WAYS, way)


def money_words(code: object) -> str:
    """Custody, a kind of difference, what mends it, whose account it is."""
    return words_of(money_looks.WORDS, code)


def deal_words(code: object) -> str:
    """A way of handing over, a kind of after-sales, an answer to it, what a dispute is about."""
    return words_of(deal_looks.WORDS, code)


def order_look(order: OrderBrief) -> Look:
    """The look of an order as it stands: trouble first, then its state, said as it is fetched."""
    if order.trouble is not Trouble.NONE:
        return deal_looks.TROUBLES.get(code_of(order.trouble), UNKNOWN)
    return plain_look(order)


def plain_look(order: OrderBrief) -> Look:
    """The look of an order's state alone, whatever else is open on it."""
    if order.state is OrderState.READY and order.fulfilment is Fulfilment.PICKUP:
        return deal_looks.READY_TO_FETCH
    if order.state is OrderState.READY and order.fulfilment is Fulfilment.IN_STORE:
        return deal_looks.READY_AT_STORE
    if order.state is OrderState.DELIVERED and order.fulfilment in SERVICES:
        return deal_looks.SERVED
    return look_of(order.state)


def look_of(state: object, kind: str = "order") -> Look:
    """The look of a state (a code or an enum of codes); an unknown one is said to be in work."""
    return LOOKS[kind].get(code_of(state), UNKNOWN)


def tone_of(state: object, kind: str = "order") -> str:
    """The colour class alone, for edges and charts."""
    return look_of(state, kind).tone
