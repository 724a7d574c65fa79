"""What people are told about each error code: one catalogue, Chinese first."""

from collections.abc import Mapping

from gateway import deal_texts, money_texts
from gateway.wording import MONEY_SAFE, N_, PROPERTY, WAIT, ErrorText
from services.contracts.after_sales import NotForThisOrder

UNKNOWN = ErrorText(N_("没有办成"), N_("系统拒绝了这个操作。"), PROPERTY)

TEXTS: dict[str, ErrorText] = {
    # the request itself
    "request.refused": UNKNOWN,
    "request.not_found": ErrorText(N_("没有找到"), N_("没有这个内容，或者它不属于您。")),
    "request.no_such_page": ErrorText(N_("没有这个页面"), N_("地址可能写错了，或者页面已经搬走。")),
    "request.wrong_method": ErrorText(N_("打开方式不对"), N_("这个地址不能这样打开。")),
    "request.forbidden": ErrorText(N_("没有权限"), N_("您的身份不能做这件事。"), PROPERTY),
    "request.not_signed_in": ErrorText(
        N_("请先登录"), N_("您还没有登录，或者登录已过期。"), N_("请重新登录。")
    ),
    "request.conflict": ErrorText(N_("情况已经变了"), N_("现在的状态不允许这样做。")),
    "request.id_reused": ErrorText(
        N_("这个操作已经提交过"),
        N_("同一个提交编号对应了不同的内容。"),
        N_("请刷新页面后重新提交。"),
    ),
    "request.malformed": ErrorText(
        N_("填写有误"), N_("有的内容没有填对。"), N_("请改好标出的地方再提交。")
    ),
    "request.idempotency_key_missing": ErrorText(
        N_("缺少提交编号"), N_("写操作必须带 Idempotency-Key。"), N_("请刷新页面后重新提交。")
    ),
    "request.body_too_large": ErrorText(
        N_("内容太大"), N_("提交的内容超过了上限。"), N_("请换小一点的内容。")
    ),
    "request.csrf": ErrorText(
        N_("页面已过期"), N_("这个页面打开得太久，或者登录换过了。"), N_("请刷新页面后重新提交。")
    ),
    "request.oauth_state": ErrorText(
        N_("登录没有完成"),
        N_("这次登录已过期，或者不是从这台手机开始的。"),
        N_("请重新点「用微信登录」。"),
    ),
    "request.too_many": ErrorText(N_("太快了"), N_("短时间内操作太多。"), N_("请过一分钟再试。")),
    "request.unavailable": ErrorText(
        N_("暂时忙不过来"), N_("系统的一部分正在恢复。"), WAIT, MONEY_SAFE
    ),
    "request.deadline_exceeded": ErrorText(
        N_("还在处理"),
        N_("没有在规定时间内得到结果，可能已经办成了。"),
        WAIT,
        MONEY_SAFE,
    ),
    "request.invariant_broken": ErrorText(
        N_("出了意外"),
        N_("系统发现了不该出现的情况，已通知值班人员。"),
        PROPERTY,
        MONEY_SAFE,
    ),
    # files
    "files.no_such_file": ErrorText(N_("图片不在了"), N_("没有这张图片，或者您不能看。")),
    "files.altered": ErrorText(
        N_("照片没有传好"), N_("收到的照片和发出的不一样。"), N_("请重新上传。")
    ),
    "files.too_large": ErrorText(N_("照片太大"), N_("一张照片最多 8 MB。"), N_("请换一张再试。")),
    "files.not_a_picture": ErrorText(
        N_("不是照片"), N_("这个文件不是能打开的照片。"), N_("请换一张再试。")
    ),
    # identity
    "identity.unknown_session": ErrorText(N_("请重新登录"), N_("登录已过期。"), N_("请重新登录。")),
    "identity.wrong_password": ErrorText(
        N_("登录没有成功"), N_("用户名或密码不对。"), N_("请检查后再试；忘了密码请找管理员。")
    ),
    "identity.not_certified": ErrorText(
        N_("还没有认证"),
        N_("物业还没有认证这一户或这家店，或者认证已到期。"),
        N_("请联系物业办理认证。"),
    ),
    "identity.not_your_household": ErrorText(
        N_("不是您的家"), N_("您不在这个家庭户里。"), PROPERTY
    ),
    "identity.no_such_store": ErrorText(N_("没有这家店"), N_("这家店不存在，或者已经离开。")),
    "identity.store_does_not_serve": ErrorText(
        N_("送不到"), N_("这家店不服务您的小区。"), N_("请选附近的另一家。")
    ),
    "identity.name_taken": ErrorText(
        N_("已被使用"), N_("这个名称、电话或号码已经登记过。"), N_("请换一个。")
    ),
    "identity.no_such_place": ErrorText(N_("没有这个地方"), N_("没有这个小区、楼栋、房屋或大门。")),
    "identity.already_registered": ErrorText(
        N_("已经登记过"), N_("这个编号已经登记成别的内容。"), N_("请换一个编号。")
    ),
    "identity.home_taken": ErrorText(
        N_("这套房已有人"), N_("这套房已经认证了另一户业主。"), N_("请先撤销原来那一户。")
    ),
    "identity.no_such_account": ErrorText(N_("没有这个人"), N_("没有这个账号。")),
    "identity.nothing_to_withdraw": ErrorText(
        N_("没有可撤销的"), N_("物业没有为它作过认证，或者已经撤销。")
    ),
    "identity.merchant_gone": ErrorText(N_("商家已经离开"), N_("这个商家先前已经登记离开。")),
    # catalog
    "catalog.no_such_item": ErrorText(N_("没有这件商品"), N_("商品不存在，或者已经撤下。")),
    "catalog.out_of_stock": ErrorText(
        N_("库存不够"), N_("有的商品刚刚卖完，或者不够了。"), N_("请改一下数量。")
    ),
    "catalog.off_shelf": ErrorText(
        N_("已下架"), N_("有的商品已经下架。"), N_("请从购物清单里去掉它。")
    ),
    "catalog.not_your_shelf": ErrorText(N_("不是您的店"), N_("您不在这家店工作。"), PROPERTY),
    "catalog.reservation_over": ErrorText(
        N_("留货时间已过"), N_("为您留的货已经放回。"), N_("请重新下单。")
    ),
    # orders
    "orders.not_yours": ErrorText(N_("没有这个订单"), N_("没有这个订单，或者它不属于您。")),
    "orders.wrong_state": ErrorText(N_("情况已经变了"), N_("订单的状态刚刚变了，不能再这样做。")),
    "orders.other_address_needs_remark": ErrorText(
        N_("请说明地址"), N_("送到别的地址，需要在备注里说明原因。"), N_("请写上备注再提交。")
    ),
    "orders.too_many_stores": ErrorText(
        N_("店太多"), N_("一次最多在 20 家店一起付款。"), N_("请分几次下单。")
    ),
    "orders.nothing_to_pay": ErrorText(
        N_("没有要付的钱"), N_("每家店的金额都要大于零。"), N_("请改一下商品。")
    ),
    "orders.handing_over": ErrorText(
        N_("正在交接"), N_("正在联系另一位配送员。"), N_("请过半分钟再试。")
    ),
    **deal_texts.TEXTS,
    **money_texts.TEXTS,
    # delivery
    "delivery.no_such_courier": ErrorText(
        N_("没有这位配送员"), N_("没有这位配送员，或者他不为这家店送货。")
    ),
    "delivery.no_such_visit": ErrorText(
        N_("没有这张通行证"), N_("没有这次进出登记，或者它属于别的小区。")
    ),
    "delivery.not_your_drop": ErrorText(N_("没有这个配送"), N_("没有这个配送，或者不是您的。")),
    "delivery.pass_refused": ErrorText(
        N_("通行证无效"),
        N_("通行证是假的、过期的，或者属于别的小区。"),
        N_("请配送员刷新通行证，或者联系商家核实。"),
    ),
    "delivery.wrong_state": ErrorText(
        N_("情况已经变了"), N_("这次进出的状态刚刚变了，不能再这样做。")
    ),
    "gate.none_chosen": ErrorText(
        N_("先选大门"), N_("还没有选您现在在哪个门。"), N_("请回到门岗首页选一个门。")
    ),
    # marketing
    "marketing.no_such_wechat_account": ErrorText(
        N_("没有这个公众号"), N_("这个公众号还没有接入。"), PROPERTY
    ),
    "marketing.oauth_code_refused": ErrorText(
        N_("登录没有完成"), N_("微信没有确认这次登录。"), N_("请重新点「用微信登录」。")
    ),
    # WeChat's own calls
    "wechat.signature_refused": ErrorText(N_("签名无效"), N_("这条消息不是微信发来的，或者太旧。")),
    "wechat.malformed": ErrorText(N_("格式不对"), N_("这条消息不是微信的格式。")),
    # what a person on duty must see
    "crypto.seal_broken": ErrorText(
        N_("出了意外"), N_("一份加密资料打不开，已通知值班人员。"), PROPERTY
    ),
}

FIELD_TEXTS = {
    "missing": N_("请填写"),
    "extra_forbidden": N_("不认识这一项"),
    "string_too_short": N_("太短了"),
    "string_too_long": N_("太长了"),
    "string_pattern_mismatch": N_("格式不对"),
    "greater_than": N_("太小了"),
    "greater_than_equal": N_("太小了"),
    "less_than": N_("太大了"),
    "less_than_equal": N_("太大了"),
    "int_parsing": N_("请填整数"),
    "int_type": N_("请填整数"),
    "too_short": N_("至少要有一项"),
    "too_long": N_("太多了"),
    "enum": N_("请从给出的选项里选"),
    "json_invalid": N_("不是 JSON"),
}
FIELD_OTHER = N_("填写有误")


GENERAL = {
    "not_found": "request.not_found",
    "forbidden": "request.forbidden",
    "unauthenticated": "request.not_signed_in",
    "malformed": "request.malformed",
    "too_many": "request.too_many",
    "unavailable": "request.unavailable",
    "broken": "request.invariant_broken",
}


def happened(code: str, kind: str, fields: Mapping[str, str]) -> str:
    """What happened, as exactly as the refusal itself says why."""
    if code == NotForThisOrder.code and fields.get("why") in deal_texts.WHY_NOT:
        return deal_texts.WHY_NOT[fields["why"]]
    return text_of(code, kind).happened


def text_of(code: str, kind: str = "refused") -> ErrorText:
    """The words for a code; one without words of its own gets those of its kind."""
    return TEXTS.get(code) or TEXTS[GENERAL.get(kind, "request.refused")]
