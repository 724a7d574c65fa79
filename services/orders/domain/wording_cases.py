"""What orders says about after-sales: on the timeline, in the thread, and to whoever must act."""

from services.contracts.after_sales import CaseKind, CaseState
from services.kernel.money import as_yuan
from services.orders.domain.wording import shortened

KINDS = {
    CaseKind.CANCEL: "申请取消订单",
    CaseKind.REFUND: "申请退款",
    CaseKind.RETURN: "申请退货退款",
    CaseKind.EXCHANGE: "申请换货",
}
AGREED = {
    CaseKind.CANCEL: "同意取消",
    CaseKind.REFUND: "同意退款",
    CaseKind.RETURN: "同意退货退款，请退回东西",
    CaseKind.EXCHANGE: "同意换货，请退回东西",
}
AGREED_AT_ONCE = "同意退款"
AGREED_BY_SILENCE = "商家超时未处理，视为同意"
OFFER_ACCEPTED = "接受商家的方案"
WITHDRAWN = "居民撤回"
SENT_BACK = "东西已退回"
TAKEN_BACK = "商家已收到退回的东西"
TAKEN_BACK_BY_SILENCE = "商家超时未确认，视为已收到"
SENT_AT_STORE = "新货在店里交给居民"
DELIVERED = "新货已送到"
CONFIRMED = "居民已收到新货"
CONFIRMED_BY_SILENCE = "超时未确认，视为已收到新货"
ESCALATED = "请物业处理"
NOT_SENT = "商家收回东西后超时没有送来新货，系统请物业核实"
NOT_DONE = "商家同意后没能办成，系统请物业核实"
OUT_OF_STOCK = "没有库存可换，请商家另行处理"
NOT_CARRIED_OUT = "没能办成，请商家另行处理"
EXPIRED = {
    CaseState.COUNTERED: "居民超时未回应商家的方案",
    CaseState.AWAITING_RETURN: "居民超时未退回东西",
}
REPLACEMENT_REMARK = "换货"


def opened_note(kind: CaseKind, amount_fen: int, reason: str) -> str:
    """申请退款 ¥3.00：洒了一半."""
    money = f" ¥{as_yuan(amount_fen)}" if amount_fen and kind is not CaseKind.CANCEL else ""
    return shortened(f"{KINDS[kind]}{money}：{reason}")


def with_text(words: str, text: str) -> str:
    """同意退款：下次注意; the words alone when nothing was said with them."""
    return shortened(f"{words}：{text}" if text else words)


def rejected_note(text: str) -> str:
    """不同意：已拆封."""
    return with_text("不同意", text)


def offer_note(offer_fen: int, text: str) -> str:
    """提出退 ¥2.00：只洒了一杯."""
    return with_text(f"提出退 ¥{as_yuan(offer_fen)}", text)


def refunded_note(refunded_fen: int) -> str:
    """退款 ¥2.00."""
    return f"退款 ¥{as_yuan(refunded_fen)}"


def sent_note(courier_name: str) -> str:
    """新货由张师傅送来."""
    return f"新货由{courier_name}送来"
