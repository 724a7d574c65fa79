"""What people are told about each refusal of a deal: codes, changes, after-sales, quarrels."""

from gateway.wording import LOOK, MONEY_SAFE, N_, PROPERTY, ErrorText

TEXTS: dict[str, ErrorText] = {
    # ordering
    "orders.in_trouble": ErrorText(
        N_("先办完另一件"),
        N_("这个订单上还有改单、售后或纠纷没有办完。"),
        N_("请先办完那一件。"),
        MONEY_SAFE,
    ),
    "orders.not_offered": ErrorText(
        N_("这家店不能这样给"),
        N_("有的商品不能这样送或取。"),
        N_("请换一种方式，或者分开下单。"),
    ),
    "orders.appointment_needed": ErrorText(
        N_("请选时间"), N_("这项服务要先约好时间。"), N_("请选一个时间再下单。")
    ),
    "orders.slot_not_offered": ErrorText(
        N_("这个时间不能约"), N_("这个时间不在可以预约的范围里。"), N_("请另选一个时间。")
    ),
    "orders.slot_taken": ErrorText(
        N_("时间刚被约走"), N_("有人快了一步，这个时间已经约满。"), N_("请另选一个时间。")
    ),
    # handing over
    "orders.no_such_code": ErrorText(
        N_("没有这个取货码"),
        N_("这家店没有这个取货码的订单。"),
        N_("请再核对一遍号码，或者让居民打开订单重新出示。"),
    ),
    "orders.code_used": ErrorText(
        N_("这个码已经用过"),
        N_("这个取货码的东西都已经取走。"),
        N_("请看订单上是谁、什么时候取的。"),
    ),
    "orders.not_that_many": ErrorText(
        N_("没有这么多"), N_("填的件数比还剩下的多。"), N_("请改小件数再提交。")
    ),
    # amendments
    "orders.no_such_amendment": ErrorText(N_("没有这个改单"), N_("没有这个改单，或者它不属于您。")),
    "orders.nothing_amended": ErrorText(
        N_("什么都没有改"), N_("这个改单和现在的订单一样。"), N_("请改一下商品、价格或时间。")
    ),
    # after-sales
    "orders.no_such_case": ErrorText(N_("没有这个售后"), N_("没有这个售后，或者它不属于您。")),
    "orders.wrong_case_state": ErrorText(
        N_("情况已经变了"), N_("这个售后的状态刚刚变了，不能再这样做。"), LOOK, MONEY_SAFE
    ),
    "orders.not_for_this_order": ErrorText(
        N_("不能这样售后"),
        N_("这个订单现在不能用这一种售后。"),
        N_("请换一种，或者打电话给商家或物业。"),
    ),
    "orders.too_late": ErrorText(
        N_("时间已过"),
        N_("这个订单可以办售后、纠纷或评价的时间已经过了。"),
        PROPERTY,
    ),
    "orders.more_than_paid": ErrorText(
        N_("超过了剩下的钱"), N_("填的金额比这个订单还剩下的多。"), N_("请改小金额再提交。")
    ),
    # disputes
    "orders.no_such_dispute": ErrorText(N_("没有这个纠纷"), N_("没有这个纠纷，或者它不属于您。")),
    "orders.wrong_dispute_state": ErrorText(
        N_("情况已经变了"), N_("这个纠纷的状态刚刚变了，不能再这样做。"), LOOK, MONEY_SAFE
    ),
    "orders.dispute_taken": ErrorText(
        N_("已经有人接手"),
        N_("另一位调解员已经接下这个纠纷。"),
        N_("请看别的纠纷，或者和同事商量。"),
    ),
    "orders.another_must_decide": ErrorText(
        N_("要另一个人来决定"),
        N_("裁定过的人不能复核自己的裁定，也不能裁定自己的纠纷。"),
        N_("请另一位经理来决定。"),
    ),
    # reviews
    "orders.no_such_review": ErrorText(N_("没有这个评价"), N_("没有这个评价，或者它不属于您。")),
    "orders.reviewed_already": ErrorText(
        N_("已经评价过"), N_("一个订单只评价一次，商家也只回复一次。"), N_("请看已经写下的评价。")
    ),
}

WHY_NOT = {
    "state": N_("订单现在的状态不能办这一种售后。"),
    "cancel_alone": N_("这个订单您可以自己取消，不用等商家同意。请回到订单点「取消订单」。"),
    "not_handed_over": N_("东西还没有给您，还不能退换。可以请商家同意取消。"),
    "decided": N_("这个订单的纠纷已经有了最后的结果，不能再申请售后。"),
    "card": N_("会员卡不能退换，只能申请退款。"),
    "service": N_("服务没有东西可以退换，只能申请退款。"),
    "replacement": N_("想换的东西这家店没有，或者不能换。请换成同一家店的商品。"),
    "price": N_("想换的和原来的价钱不一样。请换同样价钱的，或者退货后再买。"),
    "free": N_("这几件没有花钱，没有可以退的。"),
    "unpaid_cash": N_("这个订单是货到付款，货还没送到，钱也还没收，只能定为全部不收。"),
}
"""`NotForThisOrder.fields.why` in words."""
