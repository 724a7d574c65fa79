"""The words of disputes and reviews on timelines, in threads and to those who must act."""

from services.contracts.disputes import DisputeAbout
from services.contracts.orders import Party
from services.kernel.money import as_yuan
from services.orders.domain.wording import shortened

ABOUT = {
    DisputeAbout.NOT_RECEIVED: "没收到",
    DisputeAbout.NOT_AS_DESCRIBED: "与描述不符",
    DisputeAbout.DAMAGED: "有破损或变质",
    DisputeAbout.LATE: "迟到",
    DisputeAbout.SERVICE: "服务不满意",
    DisputeAbout.PRICE: "价格不对",
    DisputeAbout.AFTER_SALE: "退换货没谈拢",
    DisputeAbout.OTHER: "其他问题",
}
WHO = {
    Party.RESIDENT: "住户",
    Party.MERCHANT: "商家",
    Party.SYSTEM: "系统",
    Party.STAFF: "物业",
    Party.COURIER: "配送员",
}
ANONYMOUS = "匿名邻居"
FROZEN = "货款已冻结，请先协商；谈不拢时由物业调解"
CALLED = "已申请物业调解"
CALLED_BY_CLOCK = "协商时间已过，转由物业调解"
TAKEN = "物业调解员已受理"
LET_BE = "纠纷已撤回，订单照常进行"
AGREED_TEXT = "双方协商一致"
STANDS = "无人申请复核，裁定生效"
REASON_FREEZE = "订单纠纷，冻结货款"
REASON_THAW = "纠纷撤回，解除冻结"
_WHY_REFUSED = {
    "settlement.already_resolved": "货款已经全部退回",
    "settlement.way_not_open": "货款已由商家直接收取",
    "settlement.card_spent": "会员卡已经使用过",
}
REVIEW_HIDDEN = "评价已隐藏："
REVIEW_SHOWN = "评价已恢复显示："


def why_refused(code: str) -> str:
    """Settlement's refusal in words for people."""
    return _WHY_REFUSED.get(code, "货款暂时无法处理")


def masked(name: str) -> str:
    """张伟 as 张**."""
    return f"{name[0]}**" if name else ""


def opened_note(about: DisputeAbout, text: str) -> str:
    """没收到：放在门口的不是我的."""
    return shortened(f"{ABOUT[about]}：{text}" if text else ABOUT[about])


def opened_words(by: Party, about: DisputeAbout) -> str:
    """住户提出纠纷：没收到."""
    return f"{WHO[by]}提出纠纷：{ABOUT[about]}"


def opened_text(about: DisputeAbout, text: str, wanted_fen: int | None) -> str:
    """The first word in the thread: what it is about, and what is wanted."""
    wanted = "" if wanted_fen is None else f"（希望退给住户 ¥{as_yuan(wanted_fen)}）"
    return f"提出纠纷：{opened_note(about, text)}{wanted}"


def split_words(to_resident_fen: int, frozen_fen: int) -> str:
    """退给住户 ¥3.00，给商家 ¥7.00."""
    to_merchant_fen = max(frozen_fen - to_resident_fen, 0)
    return f"退给住户 ¥{as_yuan(to_resident_fen)}，给商家 ¥{as_yuan(to_merchant_fen)}"


def proposed_words(by: Party, to_resident_fen: int, frozen_fen: int) -> str:
    """商家提议：退给住户 ¥3.00，给商家 ¥7.00."""
    return f"{WHO[by]}提议：{split_words(to_resident_fen, frozen_fen)}"


def accepted_words(by: Party, to_resident_fen: int, frozen_fen: int) -> str:
    """住户同意：退给住户 ¥3.00，给商家 ¥7.00."""
    return f"{WHO[by]}同意：{split_words(to_resident_fen, frozen_fen)}"


def ruled_words(to_resident_fen: int, frozen_fen: int, reason: str) -> str:
    """裁定：退给住户 ¥3.00，给商家 ¥7.00；门禁记录显示当天没有送达."""
    return shortened(f"裁定：{split_words(to_resident_fen, frozen_fen)}；{reason}")


def content_words(by: Party) -> str:
    """住户接受裁定."""
    return f"{WHO[by]}接受裁定"


def decided_words(to_resident_fen: int, frozen_fen: int, reason: str) -> str:
    """复核决定：…；…, the last word."""
    return shortened(f"复核决定：{split_words(to_resident_fen, frozen_fen)}；{reason}")


def passed_on_words(reason: str) -> str:
    """转主管复核：案情复杂."""
    return shortened(f"转主管复核：{reason}")


def appealed_words(by: Party, text: str) -> str:
    """住户申请复核：没有看门禁记录."""
    return shortened(f"{WHO[by]}申请复核：{text}")


def closed_words(to_resident_fen: int, frozen_fen: int) -> str:
    """纠纷已结案：退给住户 ¥3.00，给商家 ¥7.00."""
    return f"纠纷已结案：{split_words(to_resident_fen, frozen_fen)}"


def nothing_frozen_words(why: str) -> str:
    """纠纷未能受理：…, with settlement's reason."""
    return shortened(f"纠纷未能受理：{why}")


def failed_words(why: str) -> str:
    """按此分配未能执行，请重新处理：…."""
    return shortened(f"按此分配未能执行，请重新处理：{why}")


def reviewed_words(stars: int) -> str:
    """评价 4 星."""
    return f"评价 {stars} 星"


def without_names(text: str, names: dict[str, str]) -> str:
    """The text with each of `names` replaced, the longer ones first.

    A name of one character stays: it is too often a part of something else.
    """
    for name in sorted((name for name in names if len(name) > 1), key=len, reverse=True):
        text = text.replace(name, names[name])
    return text
