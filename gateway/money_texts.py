"""What people are told about each refusal of settlement: pay, funds, fees, cards, the books."""

from gateway.wording import LOOK, MONEY_SAFE, N_, PROPERTY, ErrorText

TEXTS: dict[str, ErrorText] = {
    # paying
    "settlement.no_such_payment": ErrorText(
        N_("没有这笔支付"), N_("没有这笔支付，或者它不属于您。")
    ),
    "settlement.payment_over": ErrorText(
        N_("这笔支付已结束"), N_("已经付过，或者已经关闭。"), N_("请到订单里看结果。")
    ),
    "settlement.channel_refused": ErrorText(
        N_("支付渠道没有同意"), N_("支付渠道拒绝了这次请求。"), N_("请稍后再试。"), N_("没有扣钱。")
    ),
    "settlement.way_not_open": ErrorText(
        N_("这笔不能这样付"),
        N_("这笔支付不能用这种方式付。"),
        N_("请换一种付款方式。"),
        N_("没有扣钱。"),
    ),
    "settlement.parts_fixed": ErrorText(
        N_("上一次付款还开着"),
        N_("上一次打开的付款还没有关上，暂时不能改用多少余额或哪张卡。"),
        N_("请按上次的付法付完，或者过几分钟再改。"),
        N_("没有多扣钱。"),
    ),
    "settlement.notice_refused": ErrorText(N_("通知无效"), N_("这条支付通知不是真的，或者太旧。")),
    "settlement.notice_mismatch": ErrorText(
        N_("通知不符"), N_("支付通知里的内容和订单不一致。"), PROPERTY
    ),
    # funds and orders' money
    "settlement.insufficient_funds": ErrorText(
        N_("余额不够"), N_("账户里没有这么多钱。"), N_("请改小金额，或者换一种方式。")
    ),
    "settlement.too_much": ErrorText(
        N_("超过了剩下的钱"), N_("填的金额比还剩下的多。"), N_("请改小金额再提交。")
    ),
    "settlement.not_your_fund": ErrorText(
        N_("没有这个账户"), N_("没有这个资金账户，或者它不属于您。")
    ),
    "settlement.no_such_order": ErrorText(
        N_("没有这笔钱"), N_("没有这个订单的资金记录，或者它不属于您。")
    ),
    "settlement.already_resolved": ErrorText(N_("已经处理过"), N_("这笔钱已经付出或退回。")),
    "settlement.already_posted": ErrorText(N_("已经记过账"), N_("这一笔已经在账上。")),
    "settlement.hold_over": ErrorText(N_("已经处理过"), N_("这笔留出的钱已经付出或放回。")),
    "settlement.nothing_to_correct": ErrorText(
        N_("没有可更正的"), N_("没有这一笔账，或者已经更正过。"), N_("请核对流水号。")
    ),
    "settlement.not_correctable": ErrorText(
        N_("这一笔不能这样更正"),
        N_("这种账和订单、退款或提现的状态连在一起，不能单独更正。"),
        N_("请用退款、裁决、驳回等办法处理。"),
    ),
    "settlement.needs_another_person": ErrorText(
        N_("要另一个人来办"),
        N_("申请的人不能自己审核。"),
        N_("请另一位有审核权限的同事来办。"),
    ),
    "settlement.unbalanced": ErrorText(
        N_("出了意外"), N_("账目核对没有通过，已停止这次操作。"), PROPERTY, N_("您的钱安全。")
    ),
    # withdrawals
    "settlement.no_such_withdrawal": ErrorText(
        N_("没有这笔提现"), N_("没有这笔提现，或者它不属于您。")
    ),
    "settlement.withdrawal_over": ErrorText(
        N_("情况已经变了"),
        N_("这笔提现的状态刚刚变了，不能再这样做。"),
        LOOK,
        N_("钱不会少，也不会付两次。"),
    ),
    "settlement.beyond_limit": ErrorText(
        N_("超出限额"),
        N_("金额太小，或者超过一次或一天能提的数。"),
        N_("请改一下金额，或者明天再提。"),
        N_("钱还在账户里。"),
    ),
    "settlement.cooling_down": ErrorText(
        N_("还要等一等"),
        N_("银行卡资料刚改过。为了您的钱安全，过了等待期才能提现。"),
        N_("过了等待期再来；不是您改的，请马上打电话给物业。"),
        N_("钱还在账户里。"),
    ),
    "settlement.no_payout_account": ErrorText(
        N_("还没有银行卡"),
        N_("还没有填收款的银行卡资料。"),
        N_("请先填银行卡资料。"),
        N_("钱还在账户里。"),
    ),
    "settlement.bad_bank_file": ErrorText(
        N_("银行文件有错"), N_("银行的结果文件里有的行不对。"), N_("请按标出的行改好再导入。")
    ),
    # property fees
    "settlement.no_such_bill": ErrorText(
        N_("没有这张账单"), N_("没有这张物业费账单，或者它不属于您。")
    ),
    "settlement.bill_over": ErrorText(
        N_("账单情况变了"),
        N_("这张账单正在缴，或者已经缴过。"),
        N_("请回到物业费看最新的情况。"),
        N_("不会重复扣钱。"),
    ),
    "settlement.bill_changed": ErrorText(
        N_("账单金额变了"),
        N_("这张账单的金额刚刚改过。"),
        N_("请看清新的金额再决定。"),
        N_("没有扣钱。"),
    ),
    "settlement.nobody_there": ErrorText(
        N_("这里没有住户"),
        N_("这套房没有认证的住户，钱没有地方可退。"),
        N_("请先办好认证，或者联系收费系统。"),
    ),
    "settlement.bad_fee_file": ErrorText(
        N_("账单文件有错"), N_("账单文件里有的行不对。"), N_("请按标出的行改好再导入。")
    ),
    # prepaid cards
    "settlement.no_such_card": ErrorText(
        N_("没有这张卡"), N_("没有这张会员卡，或者它不属于您。"), PROPERTY, MONEY_SAFE
    ),
    "settlement.card_spent": ErrorText(
        N_("这张卡已经用过"),
        N_("卡里的钱已经用掉一部分，售卡这一单不能整笔冻结。"),
        N_("请直接退卡里还剩的钱。"),
        N_("钱没有动过。"),
    ),
    # reconciliation
    "settlement.no_such_day": ErrorText(
        N_("没有这一天"), N_("这一天还没有对过账。"), N_("请先对这一天的账。")
    ),
    "settlement.day_over": ErrorText(
        N_("情况已经变了"), N_("这一天已经关账，或者还不能关账。"), N_("请看这一天现在的状态。")
    ),
    "settlement.not_this_way": ErrorText(
        N_("这样处理不对"),
        N_("这个办法处理不了这种差异。"),
        N_("请从给出的办法里选一个。"),
    ),
}
