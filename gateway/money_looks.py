"""How each state of money is said, and the words for its ways, accounts and reasons."""

from gateway.wording import N_, Look

PAYMENTS = {
    "open": Look(N_("待支付"), "wait", "wallet"),
    "paid": Look(N_("已支付"), "done", "check"),
    "closing": Look(N_("关闭中"), "off", "clock"),
    "closed": Look(N_("已关闭"), "off", "cross"),
}

ESCROWS = {
    "held": Look(N_("物业保管中"), "act", "shield"),
    "frozen": Look(N_("纠纷中，先冻结"), "bad", "lock"),
    "released": Look(N_("已付给商家"), "done", "check"),
    "refunded": Look(N_("已退回"), "off", "refund"),
}

REFUNDS = {
    "pending": Look(N_("等待退款"), "wait", "clock"),
    "processing": Look(N_("退款中"), "wait", "refund"),
    "done": Look(N_("已退款"), "done", "check"),
    "failed": Look(N_("退款要人处理"), "bad", "alert"),
}

CASH = {
    "due": Look(N_("待收现金"), "wait", "cash"),
    "collected": Look(N_("配送员已收"), "go", "bike"),
    "handed_in": Look(N_("已交到物业"), "done", "check"),
    "void": Look(N_("不用收了"), "off", "cross"),
}

WITHDRAWALS = {
    "to_approve": Look(
        N_("待审核"), "wait", "people", N_("金额较大，物业会有第二个人审核，一般一个工作日。")
    ),
    "to_pay": Look(N_("待付款"), "wait", "clock", N_("已经排上，等着付出。付出前可以撤回。")),
    "paying": Look(N_("付款中"), "act", "bank", N_("钱已交给微信或银行，正在等结果，不用做什么。")),
    "awaiting_payee": Look(
        N_("待您确认"), "act", "bell", N_("请在微信里点一下确认收款，钱就到您的零钱。")
    ),
    "done": Look(N_("已到账"), "done", "check", N_("钱已经付出去了。")),
    "failed": Look(N_("没有付成"), "bad", "alert", N_("钱已经回到账户，可以再提一次。")),
    "expired": Look(
        N_("已过期"), "off", "clock", N_("没有在时间内确认，钱已经回到账户，可以再提一次。")
    ),
    "rejected": Look(N_("已驳回"), "bad", "cross", N_("物业没有同意，钱已经回到账户。")),
    "cancelled": Look(N_("已撤回"), "off", "cross", N_("已经撤回，钱已经回到账户。")),
}

FEE_BILLS = {
    "open": Look(N_("待缴"), "wait", "wallet"),
    "paying": Look(N_("缴费中"), "act", "clock", N_("有一笔支付正在办，付完就好。")),
    "told": Look(
        N_("已入账待确认"), "act", "shield", N_("钱已经收到，等收费系统确认，一般几分钟。")
    ),
    "closed": Look(N_("已缴清"), "done", "check"),
    "withdrawn": Look(N_("已撤销"), "off", "cross", N_("物业撤销了这张账单，不用缴。")),
}

FEE_PAYMENTS = {
    "waiting": Look(N_("等待付款"), "wait", "wallet"),
    "telling": Look(N_("等收费系统确认"), "act", "shield"),
    "accepted": Look(N_("已缴清"), "done", "check"),
    "refused": Look(N_("收费系统没有接受，钱已退到账户"), "bad", "refund"),
    "reversing": Look(N_("正在冲正"), "wait", "clock"),
    "reversed": Look(N_("已冲正，钱已退到账户"), "off", "refund"),
    "dropped": Look(N_("没有付款"), "off", "cross"),
}

CARDS = {
    "active": Look(N_("可用"), "done", "card"),
    "returned": Look(N_("已退回账户"), "off", "refund"),
}

DAYS = {
    "waiting": Look(N_("待账单"), "wait", "clock"),
    "matching": Look(N_("核对中"), "act", "search"),
    "open": Look(N_("待处理"), "bad", "alert"),
    "ready": Look(N_("可关账"), "go", "check"),
    "closed": Look(N_("已关账"), "done", "lock"),
}

LOOKS = {
    "payment": PAYMENTS,
    "escrow": ESCROWS,
    "refund": REFUNDS,
    "cash": CASH,
    "withdrawal": WITHDRAWALS,
    "fee_bill": FEE_BILLS,
    "fee_payment": FEE_PAYMENTS,
    "card": CARDS,
    "day": DAYS,
}

CHANNELS = {
    "wechat": N_("微信支付"),
    "alipay": N_("支付宝"),
    "unionpay": N_("银联"),
    "delivery": N_("货到付款"),
    "desk": N_("物业前台"),
    "internal": N_("账户余额"),
}

WAYS = {
    "wechat_jsapi": N_("微信支付"),
    "wechat_native": N_("微信扫码"),
    "wechat_h5": N_("微信支付"),
    "alipay_wap": N_("支付宝"),
    "alipay_page": N_("支付宝"),
    "alipay_qr": N_("支付宝扫码"),
    "unionpay_page": N_("云闪付（银联）"),
    "on_delivery": N_("货到付款"),
    "balance": N_("账户余额"),
    "wechat": N_("微信零钱"),
    "bank": N_("银行卡"),
    "payment": N_("在线支付"),
    "offset": N_("余额抵扣"),
    "desk": N_("物业前台"),
    "cash": N_("现金"),
    "pos": N_("刷卡"),
    "channel": N_("原路退回"),
    "fund": N_("退到家庭账户"),
    "card": N_("退回会员卡"),
}

WORDS = {
    "collect": N_("物业代收"),
    "platform": N_("商户分账"),
    "property": N_("物业"),
    "channel": N_("支付渠道"),
    "only_ours": N_("仅我方有"),
    "only_theirs": N_("仅渠道有"),
    "amount": N_("金额不符"),
    "state": N_("状态不符"),
    "fee": N_("手续费不符"),
    "ask_channel": N_("再问渠道"),
    "book_unclaimed": N_("记为无主并退回"),
    "book_fee": N_("补记手续费"),
    "carry_over": N_("到邻日去找"),
    "explain": N_("写明原因"),
    "household": N_("家庭"),
    "merchant": N_("商家"),
    "home": N_("住宅"),
}

REASONS = {
    "receipt": N_("收到付款"),
    "unclaimed_receipt": N_("迟到或重复的付款"),
    "release": N_("订单完成，货款到账"),
    "refund_begun": N_("开始退款"),
    "refund_paid_out": N_("已退给付款人"),
    "refund_to_fund": N_("退到家庭账户"),
    "refund_to_card": N_("退回会员卡"),
    "refund_void": N_("现金没有收，不用退"),
    "refund_redirected": N_("原路退不回，改退到家庭账户"),
    "taken_back": N_("售后退款，从货款里退回"),
    "held": N_("先留出来，用来付款或提现"),
    "hold_given_back": N_("没有付成，放回来"),
    "gift_used": N_("用了会员卡的赠送"),
    "gift_restored": N_("会员卡的赠送退回"),
    "gift_promised": N_("会员卡的赠送"),
    "gift_voided": N_("会员卡的赠送取消"),
    "card_sold": N_("买会员卡，存到卡里"),
    "card_returned": N_("商家离开，会员卡本金退回"),
    "cash_collected": N_("配送员收了现金"),
    "cash_handed_in": N_("现金交到物业"),
    "deposit_taken": N_("收保证金"),
    "fee_receipt": N_("缴物业费"),
    "fee_offset": N_("抵扣物业费"),
    "fee_undone": N_("物业费没有入账，退回账户"),
    "withdrawal_begun": N_("提现"),
    "withdrawal_done": N_("提现已到账"),
    "withdrawal_failed": N_("提现没有付成，退回账户"),
    "shared": N_("微信支付分账给商家"),
    "channel_fee": N_("支付渠道手续费"),
    "correction": N_("更正"),
}

ACCOUNTS = {
    "household_fund": N_("家庭账户"),
    "merchant_fund": N_("商家账户"),
    "escrow": N_("物业保管"),
    "hold": N_("先留出来"),
    "card": N_("会员卡"),
    "card_gift": N_("会员卡赠送"),
    "clearing": N_("支付渠道"),
    "unclaimed": N_("等着退的钱"),
    "refunds_under_way": N_("退款途中"),
    "withdrawals_under_way": N_("提现途中"),
    "commission": N_("物业服务费"),
    "fee_income": N_("物业费收入"),
    "cash_due": N_("待收现金"),
    "courier_cash": N_("配送员手上"),
    "merchant_receivable": N_("商家欠款"),
    "merchant_deposit": N_("商家保证金"),
    "promotion_cost": N_("物业补贴"),
    "channel_fees": N_("渠道手续费"),
    "bank": N_("物业银行账户"),
    "rounding": N_("尾差"),
    "merchant_promise": N_("商家承诺"),
}
