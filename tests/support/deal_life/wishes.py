"""What somebody wishes when the page offers a word of `may`: the door to knock at, the command."""

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

from services.contracts import after_sales as a
from services.contracts import amendments as n
from services.contracts import disputes as q
from services.contracts import orders as o
from services.contracts import reviews as v
from services.contracts.orders import OrderState, OrderView, Party, RefundTo
from services.kernel.wire import Command

BACK_TO = (RefundTo.CHANNEL, RefundTo.CHANNEL, RefundTo.FUND)
DAY = timedelta(days=1)


class Wish(NamedTuple):
    """A command and where it goes."""

    method: str
    command: Command


class Dice(random.Random):
    """With what people choose by."""

    def share(self, whole_fen: int) -> int:
        """Nothing, a part, or all of it; mostly a part."""
        return self.choice((0, 1, whole_fen // 3, whole_fen // 2, whole_fen))

    def chance(self, of: float) -> bool:
        return self.random() < of


Build = Callable[[Dice, dict[str, str], Any], Command]
"""From dice, the ids that each command of the kind needs, and the view that is before one's eyes.
"""


def _plain(command_type: type[Command], **more: Any) -> Build:
    return lambda dice, ids, view: command_type(**ids, **more)


def _cancel(dice: Dice, ids: dict[str, str], view: OrderView) -> Command:
    return o.CancelOrder(**ids, reason="不需要了", refund_to=dice.choice(BACK_TO))


def _picked(dice: Dice, view: OrderView) -> list[o.PickedLine]:
    """All, or some of one line."""
    if dice.chance(0.5) or not view.lines:
        return []
    line = dice.choice(view.lines)
    return [o.PickedLine(sku_id=line.sku_id, quantity=dice.randint(1, line.quantity))]


def _propose(dice: Dice, ids: dict[str, str], view: OrderView) -> Command:
    """Another number, another price, something else as well, or another time."""
    lines = [
        n.AmendedLine(sku_id=x.sku_id, quantity=x.quantity, price_fen=x.price_fen)
        for x in view.lines
    ]
    kind = dice.randrange(5)
    if view.slot_from and kind > 2:
        moved = view.slot_from + timedelta(hours=dice.choice((2, 4, 24, 26)))
        return n.ProposeAmendment(**ids, slot_from=moved, note="师傅那天没空")
    if kind == 0:
        later = view.placed_at + timedelta(hours=dice.randint(1, 30))
        return n.ProposeAmendment(**ids, deliver_after=later, note="晚点送")
    changed = dice.choice(lines)
    factor = dice.choice((50, 80, 100, 120, 200)) if kind > 1 else 100
    quantity = max(1, changed.quantity + (dice.choice((-2, -1, 1, 2)) if kind < 4 else 0))
    new = n.AmendedLine(
        sku_id=changed.sku_id,
        quantity=quantity,
        price_fen=max(1, changed.price_fen * factor // 100),
    )
    after = [new if line is changed else line for line in lines]
    if len(after) > 1 and dice.chance(0.3):
        after = after[:-1]
    return n.ProposeAmendment(**ids, lines=after, note="换一下")


AFTER_IT_CAME = (a.CaseKind.REFUND, *(a.CaseKind.RETURN, a.CaseKind.EXCHANGE) * 2)
CASE_KINDS = {OrderState.DELIVERED: AFTER_IT_CAME, OrderState.COMPLETED: AFTER_IT_CAME}


def _open_case(dice: Dice, ids: dict[str, str], view: OrderView) -> Command:
    kind = dice.choice(CASE_KINDS.get(view.state, (a.CaseKind.CANCEL, a.CaseKind.REFUND)))
    if dice.chance(0.1):
        kind = dice.choice(list(a.CaseKind))
    lines = [] if kind is a.CaseKind.CANCEL else _picked(dice, view)
    wants_sum = kind in (a.CaseKind.REFUND, a.CaseKind.RETURN) and dice.chance(0.5)
    return a.OpenCase(
        **ids,
        kind=kind,
        reason="和说的不一样",
        lines=lines,
        amount_fen=max(1, dice.share(view.agreed_fen)) if wants_sum else None,
        refund_to=dice.choice(BACK_TO),
    )


def _open_dispute(dice: Dice, ids: dict[str, str], view: OrderView) -> Command:
    wanted = dice.share(view.agreed_fen) if dice.chance(0.5) else None
    about = dice.choice(list(q.DisputeAbout))
    return q.OpenDispute(**ids, about=about, text="说好的不是这样", wanted_fen=wanted)


def _hand_over(dice: Dice, ids: dict[str, str], view: OrderView) -> Command:
    """`ids` hold the code: the resident shows it."""
    return o.HandOver(**ids, lines=_picked(dice, view))


def _answer_amendment(dice: Dice, ids: dict[str, str], view: OrderView) -> Command:
    accept = dice.chance(0.75)
    return n.AnswerAmendment(**ids, amendment_id=view.amendment_id or "", accept=accept)


def _withdraw_amendment(dice: Dice, ids: dict[str, str], view: OrderView) -> Command:
    return n.WithdrawAmendment(**ids, amendment_id=view.amendment_id or "")


def _review(dice: Dice, ids: dict[str, str], view: OrderView) -> Command:
    return v.WriteReview(**ids, stars=dice.randint(1, 5), text="好", anonymous=dice.chance(0.3))


ORDER_WORDS: dict[str, tuple[str, Build]] = {
    "cancel": ("cancel_order", _cancel),
    "confirm": ("confirm_order", _plain(o.ConfirmOrder)),
    "mark_ready": ("mark_ready", _plain(o.MarkReady)),
    "dispatch": ("dispatch_order", _plain(o.DispatchOrder)),
    "hand_over": ("hand_over", _hand_over),
    "start_service": ("start_service", _plain(o.StartService)),
    "finish_service": ("finish_service", _plain(o.FinishService)),
    "confirm_receipt": ("confirm_receipt", _plain(o.ConfirmReceipt)),
    "say": ("say", _plain(o.Say, text="在吗")),
    "amend": ("propose_amendment", _propose),
    "answer_amendment": ("answer_amendment", _answer_amendment),
    "withdraw_amendment": ("withdraw_amendment", _withdraw_amendment),
    "open_case": ("open_case", _open_case),
    "open_dispute": ("open_dispute", _open_dispute),
    "review": ("write_review", _review),
    "answer_review": ("answer_review", _plain(v.AnswerReview, text="谢谢")),
}


def _answer_case(dice: Dice, ids: dict[str, str], view: a.CaseView) -> Command:
    answer = dice.choice((*a.CaseAnswer, a.CaseAnswer.AGREE))
    offer = max(1, dice.share(view.amount_fen)) if answer is a.CaseAnswer.COUNTER else None
    return a.AnswerCase(**ids, answer=answer, text="我们看过了", offer_fen=offer)


def _take_back(dice: Dice, ids: dict[str, str], view: a.CaseView) -> Command:
    return a.TakeBack(**ids, restock=dice.chance(0.5))


CASE_WORDS: dict[str, tuple[str, Build]] = {
    "answer_case": ("answer_case", _answer_case),
    "accept_offer": ("accept_offer", _plain(a.AcceptOffer)),
    "withdraw_case": ("withdraw_case", _plain(a.WithdrawCase)),
    "send_back": ("send_back", _plain(a.SendBack, text="放门卫了")),
    "take_back": ("take_back", _take_back),
    "send_replacement": ("send_replacement", _plain(a.SendReplacement)),
    "confirm_replacement": ("confirm_replacement", _plain(a.ConfirmReplacement)),
    "escalate_case": ("escalate_case", _plain(a.EscalateCase, text="请物业看看")),
}


def _propose_split(dice: Dice, ids: dict[str, str], view: q.DisputeView) -> Command:
    return q.ProposeSplit(**ids, to_resident_fen=dice.share(view.frozen_fen))


def _accept_split(dice: Dice, ids: dict[str, str], view: q.DisputeView) -> Command:
    return q.AcceptSplit(**ids, to_resident_fen=view.proposal_fen or 0)


def _ask(dice: Dice, ids: dict[str, str], view: q.DisputeView) -> Command:
    to = dice.choice((None, Party.RESIDENT, Party.MERCHANT))
    return q.AskParty(**ids, to=to, text="有照片吗")


def _rule(dice: Dice, ids: dict[str, str], view: q.DisputeView) -> Command:
    fen, to = dice.share(view.frozen_fen), dice.choice(BACK_TO)
    return q.RuleDispute(**ids, to_resident_fen=fen, refund_to=to, reason="各退一步")


def _decide(dice: Dice, ids: dict[str, str], view: q.DisputeView) -> Command:
    fen, to = dice.share(view.frozen_fen), dice.choice(BACK_TO)
    return q.DecideAppeal(**ids, to_resident_fen=fen, refund_to=to, reason="维持原判")


DISPUTE_WORDS: dict[str, tuple[str, Build]] = {
    "propose_split": ("propose_split", _propose_split),
    "accept_split": ("accept_split", _accept_split),
    "call_mediator": ("call_mediator", _plain(q.CallMediator)),
    "withdraw_dispute": ("withdraw_dispute", _plain(q.WithdrawDispute)),
    "take_dispute": ("take_dispute", _plain(q.TakeDispute)),
    "ask_party": ("ask_party", _ask),
    "rule_dispute": ("rule_dispute", _rule),
    "pass_to_manager": ("pass_to_manager", _plain(q.PassToManager, reason="请经理定")),
    "accept_ruling": ("accept_ruling", _plain(q.AcceptRuling)),
    "appeal_ruling": ("appeal_ruling", _plain(q.AppealRuling, text="不服")),
    "decide_appeal": ("decide_appeal", _decide),
}
