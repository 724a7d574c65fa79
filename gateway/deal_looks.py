"""How an order is said as it is fetched, served or halted; its steps, ways and deadlines."""

from dataclasses import dataclass

from gateway import trouble_looks
from gateway.wording import N_, Look
from services.contracts.catalog import Fulfilment
from services.contracts.orders import OrderBrief, OrderState, OrderView, Party, Trouble

ORDERS = {
    "scheduled": Look(
        N_("已预约"),
        "act",
        "calendar",
        N_("商家已经接下这个预约，会按时来。"),
        N_("到时间请准时，开始时点「开始服务」。"),
    ),
    "in_service": Look(
        N_("服务中"), "go", "serve", N_("正在为您服务。"), N_("做完后请点「完成服务」。")
    ),
}

READY_TO_FETCH = Look(
    N_("待自提"),
    "act",
    "bag",
    N_("已经备好。请到店出示取货码，拿到东西就算完成。"),
    N_("等居民来取。请扫取货码或输入号码。"),
)
READY_AT_STORE = Look(
    N_("待到店"),
    "act",
    "store",
    N_("已经备好。请到店出示号码，用完就算完成。"),
    N_("等居民到店。请扫码或输入号码。"),
)
SERVED = Look(
    N_("已做完"),
    "done",
    "check",
    N_("服务做完了。没问题就确认，钱才付给商家。"),
    N_("等居民确认；到时间会自动确认。"),
)

TROUBLES = {
    "amending": Look(
        N_("改单中"),
        "wait",
        "edit",
        N_("商家想改一下这个订单，您同意才会改。"),
        N_("等居民回答您的改单。"),
    ),
    "after_sale": Look(
        N_("退款/售后"),
        "wait",
        "refund",
        N_("有一个售后还没有处理完。"),
        N_("有一个售后等着处理。"),
    ),
    "disputed": Look(
        N_("纠纷中"),
        "bad",
        "scale",
        N_("这笔钱已经冻结，谁也拿不走，直到纠纷解决。"),
        N_("这笔钱已经冻结，谁也拿不走，直到纠纷解决。"),
    ),
}

LOOKS = {
    "trouble": TROUBLES,
    "case": trouble_looks.CASES,
    "amendment": trouble_looks.AMENDMENTS,
    "dispute": trouble_looks.DISPUTES,
}

STEPS = {
    "said": N_("说了话"),
    "reminded": N_("提醒了一次"),
    "overdue": N_("商家超时，可以直接取消"),
    "picked_up": N_("凭码取走"),
    "scheduled": N_("商家接下预约"),
    "service_started": N_("开始服务"),
    "service_finished": N_("服务做好了"),
    "amendment_proposed": N_("商家想改单"),
    "amendment_accepted": N_("居民同意改单"),
    "amended": N_("订单改好了"),
    "amendment_over": N_("没有改单，订单照旧"),
    "case_opened": N_("申请售后"),
    "case_answered": N_("商家回答售后"),
    "case_sent_back": N_("居民退回东西"),
    "case_taken_back": N_("商家收到退货"),
    "case_replaced": N_("收到换来的新货"),
    "case_closed": N_("售后结束"),
    "dispute_opened": N_("发起纠纷，钱已冻结"),
    "dispute_proposed": N_("提出分法"),
    "mediator_called": N_("请物业调解"),
    "dispute_taken": N_("调解员接手"),
    "dispute_ruled": N_("物业裁定"),
    "dispute_appealed": N_("申请经理复核"),
    "dispute_closed": N_("纠纷解决"),
    "reviewed": N_("居民评价"),
    "review_answered": N_("商家回复评价"),
    "review_hidden": N_("物业处理评价"),
}

WORDS = {
    # how it reaches its buyer
    "delivery": N_("送货上门"),
    "pickup": N_("到店自取"),
    "at_home": N_("上门服务"),
    "in_store": N_("到店服务"),
    # kinds of after-sales
    "cancel": N_("取消订单"),
    "refund": N_("仅退款"),
    "return": N_("退货退款"),
    "exchange": N_("换货"),
    # the store's answers
    "agree": N_("同意"),
    "reject": N_("不同意"),
    "counter": N_("另提方案"),
    # what disputes are about
    "not_received": N_("没收到"),
    "not_as_described": N_("与描述不符"),
    "damaged": N_("有破损或变质"),
    "late": N_("迟到"),
    "service": N_("服务不满意"),
    "price": N_("价格不对"),
    "after_sale": N_("售后谈不拢"),
    "other": N_("其他"),
}
"""Codes of contracts that are no state."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Who must act before an order's deadline, and what happens when nobody does."""

    party: Party
    then: str
    """As the resident reads it."""
    merchant: str = ""
    """As the store does, where that is another sentence."""


GOES_BACK = N_("到时间不接单，会自动取消，钱全部退回。")
MAY_BE_TAKEN_BACK = Wait(
    Party.MERCHANT,
    N_("到时间还没好，您可以直接取消。"),
    N_("到时间还没好，居民可以直接取消。"),
)
LATE = Wait(
    Party.MERCHANT,
    N_("商家已经超时，您可以直接取消；再没动静会自动取消，钱全部退回。"),
    N_("已经超时，居民可以直接取消；再没动静会自动取消，钱全部退回。"),
)
TO_BE_FETCHED = N_("到时间没来取，会自动取消，钱全部退回。")
PARTLY_FETCHED = N_("到时间没取完，物业会来处理。")
LOOKED_INTO = N_("到时间还没有结果，物业会来看。")
CONFIRMS_ITSELF = N_("不点的话，到时间会自动确认。")

WAITS = {
    OrderState.AWAITING_PAYMENT: Wait(Party.RESIDENT, N_("过了会自动取消。")),
    OrderState.AWAITING_CONFIRMATION: Wait(Party.MERCHANT, GOES_BACK),
    OrderState.PREPARING: MAY_BE_TAKEN_BACK,
    OrderState.READY: MAY_BE_TAKEN_BACK,
    OrderState.SCHEDULED: MAY_BE_TAKEN_BACK,
    OrderState.IN_SERVICE: Wait(Party.MERCHANT, LOOKED_INTO),
    OrderState.OUT_FOR_DELIVERY: Wait(Party.COURIER, LOOKED_INTO),
    OrderState.DELIVERED: Wait(Party.RESIDENT, CONFIRMS_ITSELF),
}
FETCHED = {Fulfilment.PICKUP, Fulfilment.IN_STORE}


def wait_of(order: OrderBrief) -> Wait | None:
    """What the order's deadline is about; None where it has none, or something else is open."""
    if order.deadline_at is None or order.trouble is not Trouble.NONE:
        return None
    if order.late:
        return LATE
    if order.state is OrderState.READY and order.fulfilment in FETCHED:
        partly = isinstance(order, OrderView) and order.pickups
        return Wait(Party.RESIDENT, PARTLY_FETCHED if partly else TO_BE_FETCHED)
    return WAITS.get(order.state)
