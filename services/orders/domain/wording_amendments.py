"""What is said to people about amendments."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from services.contracts.catalog import OffShelf, OutOfStock, ReservationOver
from services.contracts.orders import OrderLineView, WrongState
from services.kernel.money import as_yuan
from services.orders.domain.amendment import Amendment
from services.orders.domain.order import Order
from services.orders.domain.wording import shortened, summary_of

SUPPLEMENT_NAME = "补差价"
NOTE_ACCEPTED = "同意改单"
WHY_REFUSED = "居民不同意改单"
WHY_WITHDRAWN = "商家撤回了改单"
WHY_EXPIRED = "居民没有在时限内答复，订单照旧"
WHY_DISPUTED = "已提起纠纷，改单作废"
WHY_UNPAID = "差价没有支付，订单照旧"
WHY_CANCELLED = "订单已取消，没有改成"
WHY_FAILED = "没有改成，订单照旧"
_WHY_REFUSAL = {
    OutOfStock.code: "要加的商品刚卖完，订单照旧",
    ReservationOver.code: "预留的商品已退回，订单照旧",
    OffShelf.code: "要加的商品已下架，订单照旧",
    WrongState.code: WHY_CANCELLED,
}
_BEIJING = ZoneInfo("Asia/Shanghai")


def change_words(order: Order, amendment: Amendment) -> str:
    """豆浆×2 → 豆浆×3，¥6.00 → ¥9.00，时间改为 3月2日 09:00."""
    parts = []
    if amendment.changes_lines:
        before, after = map(_summary, (amendment.lines_before, amendment.lines_after))
        parts += [f"{before} → {after}"] if before != after else []
    if amendment.dearer_by_fen:
        fen = amendment.before_fen, amendment.after_fen
        parts.append(" → ".join(f"¥{as_yuan(each)}" for each in fen))
    moment = amendment.slot_from or amendment.deliver_after
    if moment:
        what = "预约" if order.has_appointment else "时间"
        parts.append(f"{what}改为 {_said(moment)}")
    return "，".join(parts) or "价格明细调整"


def proposal_note(order: Order, amendment: Amendment) -> str:
    """Why, and what would change."""
    return shortened(f"{amendment.note}：{change_words(order, amendment)}")


def proposal_words(order: Order, amendment: Amendment) -> str:
    """One sentence for the resident."""
    return shortened(f"商家想改单：{change_words(order, amendment)}。{amendment.note}")


def amended_words(order: Order, amendment: Amendment) -> str:
    """One sentence for the store."""
    return shortened(f"已改单：{change_words(order, amendment)}")


def why_failed(facts: Mapping[str, object], said: str) -> str:
    """The words for a saga that was turned back; `said` is what turned it back by hand."""
    refusal = facts.get("refusal")
    if isinstance(refusal, Mapping):
        return _WHY_REFUSAL.get(str(refusal.get("code")), WHY_FAILED)
    return said or WHY_FAILED


def _summary(lines: list[OrderLineView]) -> str:
    return summary_of([(line.item_name, line.sku_name, line.quantity) for line in lines])


def _said(moment: datetime) -> str:
    local = moment.astimezone(_BEIJING)
    return f"{local.month}月{local.day}日 {local:%H:%M}"
