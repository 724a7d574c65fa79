"""The few words that orders itself says to people; all other texts are in the pages' catalogue."""

from services.contracts.orders import ClientInfo, RefundTo

REASON_UNPAID = "超时未支付"
REASON_STOCK_SHORT = "付款前库存已售出"
NOTE_PAID_LATE = "订单取消后才到账，原路退回"
NOTE_PAID_WHILE_CLOSING = "取消未完成前已支付"
REFUNDED_TO = {RefundTo.CHANNEL: "原路退回", RefundTo.FUND: "退到家庭资金账户"}
_SHORT_MAX = 200


def shortened(text: str) -> str:
    """At most 200 characters, the last an ellipsis where something was cut."""
    return text if len(text) <= _SHORT_MAX else text[: _SHORT_MAX - 1] + "…"


def subject_of(store_names: list[str]) -> str:
    """老陈早餐, 老陈早餐等3家: what the payer reads on the pay sheet."""
    more = f"等{len(store_names)}家" if len(store_names) > 1 else ""
    return shortened(store_names[0] + more)


def client_text(client: ClientInfo) -> str:
    """`h5 /orders/new Mozilla/5.0 …`."""
    return shortened(" ".join(filter(None, (client.kind, client.page, client.agent))))


def summary_of(goods: list[tuple[str, str, int]]) -> str:
    """豆浆(大)×2 油条×4, from (item, SKU, quantity)."""
    return shortened(
        " ".join(
            f"{item}({sku})×{quantity}" if sku and sku != item else f"{item}×{quantity}"
            for item, sku, quantity in goods
        )
    )
