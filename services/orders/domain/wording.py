"""The few words that orders itself says to people; all other texts are in the pages' catalogue."""

from services.contracts.orders import ClientInfo, OrderState, RefundTo
from services.contracts.settlement import Channel
from services.kernel.money import as_yuan

REASON_UNPAID = "超时未支付"
REASON_STOCK_SHORT = "付款前库存已售出"
WORD_STOCK_SHORT = "付款前库存已售出，订单没有自动取消，请和居民商量怎么办"
REASON_OF_TIME = {
    OrderState.AWAITING_CONFIRMATION: "商家超时未接单",
    OrderState.PREPARING: "商家超时未备货",
    OrderState.READY: "超时没有送出或取走",
    OrderState.SCHEDULED: "商家超时未上门服务",
}
WORD_OVERDUE = "超时没有完结，系统请物业核实"
WORD_SERVICE_PHOTOS = "服务完成，照片如下"
NOTE_PAID_LATE = "订单取消后才到账，原路退回"
NOTE_PAID_WHILE_CLOSING = "取消未完成前已支付"
NOTE_CARD_SOLD = "无需配送，现在就能用"
NOTE_CARD_KEPT = "消费一笔，结算一笔"
NOTE_PAID_BY = {
    Channel.DELIVERY: "送达时付给配送员",
    Channel.DESK: "在物业服务台支付",
    Channel.INTERNAL: "用账户余额或会员卡支付",
}
"""Where it needs a word: the others are what a payer expects."""
REFUNDED_TO = {
    RefundTo.CHANNEL: "原路退回",
    RefundTo.FUND: "退到家庭资金账户",
    RefundTo.CARD: "退回会员卡",
}
_SHORT_MAX = 200


def shortened(text: str) -> str:
    """At most 200 characters, the last an ellipsis where something was cut."""
    return text if len(text) <= _SHORT_MAX else text[: _SHORT_MAX - 1] + "…"


def subject_of(store_names: list[str]) -> str:
    """老陈早餐, 老陈早餐等3家: what the payer reads on the pay sheet; each store counts once."""
    stores = list(dict.fromkeys(store_names))
    more = f"等{len(stores)}家" if len(stores) > 1 else ""
    return shortened(stores[0] + more)


def refund_note(to: RefundTo, amount_fen: int, order_fen: int) -> str:
    """原路退回; with its amount where it is not all of the order's: ¥3.00 退回会员卡."""
    words = REFUNDED_TO[to]
    return words if amount_fen == order_fen else f"¥{as_yuan(amount_fen)} {words}"


def card_name(item_name: str, sku_name: str, quantity: int) -> str:
    """会员卡 充300送30, 会员卡 充300送30×2: what the card is called for as long as it lives."""
    name = " ".join(filter(None, (item_name, sku_name if sku_name != item_name else "")))
    return shortened(f"{name}×{quantity}" if quantity > 1 else name)


def client_text(client: ClientInfo) -> str:
    """`wechat WeChat/8.0.50 /h5/orders 10.1.0.0/16 Mozilla/5.0 …`."""
    wechat = f"WeChat/{client.wechat}" if client.wechat else ""
    facts = (client.kind, wechat, client.page, client.network, client.agent)
    return shortened(" ".join(filter(None, facts)))


def summary_of(goods: list[tuple[str, str, int]]) -> str:
    """豆浆(大)×2 油条×4, from (item, SKU, quantity)."""
    return shortened(
        " ".join(
            f"{item}({sku})×{quantity}" if sku and sku != item else f"{item}×{quantity}"
            for item, sku, quantity in goods
        )
    )
