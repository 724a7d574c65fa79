"""What the pages are drawn with in tests: one afternoon in a community, as the services tell it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from services.contracts import catalog, delivery, identity, marketing, orders, settlement
from services.contracts.permissions import Role
from services.kernel.ids import derived_id

NOW = datetime(2026, 11, 22, 6, 5, tzinfo=UTC)
"""14:05 in Shanghai."""
NEXT_YEAR = datetime(2027, 10, 31, 15, 59, tzinfo=UTC)


def an_id(*parts: object) -> str:
    """The same id for the same name."""
    return derived_id("sample", *(str(part) for part in parts))


def ago(minutes: int) -> datetime:
    """So many minutes before now; below zero is later."""
    return NOW - timedelta(minutes=minutes)


def membership(number: int = 1, **changes: Any) -> identity.HouseholdMembership:
    return identity.HouseholdMembership(
        household_id=an_id("household", number),
        role=Role.OWNER,
        home_id=an_id("home", number),
        community_id=an_id("community"),
        community_name="翠湖苑",
        building_id=an_id("building", 3),
        address="3号楼2单元501" if number == 1 else "5号楼1单元302",
        certification=changes.pop("certification", identity.Certification.CERTIFIED),
        certified_until=NEXT_YEAR,
        certified_by="翠湖苑物业服务中心",
    )


def store_membership() -> identity.StoreMembership:
    return identity.StoreMembership(
        store_id=an_id("store", 0),
        store_name="老陈早餐铺",
        merchant_id=an_id("merchant", 0),
        role=Role.SHOPKEEPER,
    )


def me(**changes: Any) -> identity.MeView:
    given: dict[str, Any] = {
        "account_id": an_id("account"),
        "name": "张桂兰",
        "phone_masked": "138****5678",
        "households": [membership(), membership(2)],
        "stores": [store_membership()],
        "is_courier": True,
    }
    return identity.MeView(**{**given, **changes})


STORES = [
    ("老陈早餐铺", "food", "现磨豆浆、手工油条，早上六点开门", False, 120),
    ("丽芳洗衣", "clothes", "干洗、熨烫、改裤脚，上门取送", True, None),
    ("福满鲜果蔬菜店", "food", "当天到的蔬菜水果，可切好送上门", False, 260),
    ("顺达电动车维修", "travel", "补胎、换刹车、换电池", False, 410),
    ("暖居家政保洁", "service", "擦窗、油烟机清洗、钟点工", False, 530),
    ("水电王师傅上门维修，管道疏通和灯具安装", "home", "", False, 640),
]


def store(number: int = 0) -> identity.StoreView:
    name, kind, description, same, metres = STORES[number]
    return identity.StoreView(
        store_id=an_id("store", number),
        merchant_id=an_id("merchant", number),
        name=name,
        kind=kind,
        description=description,
        address="翠湖路 12 号" if not same else "3号楼1单元101",
        phone="13800010002",
        picture=f"demo/store-{number}.webp",
        same_building=same,
        distance_m=metres,
        certification="certified",
        certified_by="翠湖苑物业服务中心",
        certified_until=NEXT_YEAR,
    )


GOODS: list[tuple[str, str, list[tuple[str, int, int | None]]]] = [
    ("现磨豆浆", "每天早上四点现磨，不加糖精，冷热都有", [("大杯", 300, 40), ("小杯", 200, 3)]),
    ("手工油条", "", [("", 200, None)]),
    ("鲜肉小笼包（一笼八个）", "皮薄馅大，配姜丝和醋", [("", 1200, 0)]),
    ("五谷杂粮粥", "小米、红豆、薏米、莲子慢火熬", [("", 500, 20)]),
]


def item(number: int) -> catalog.ItemView:
    name, description, skus = GOODS[number]
    return catalog.ItemView(
        item_id=an_id("item", number),
        store_id=an_id("store", 0),
        category="早餐",
        kind="goods",
        name=name,
        description=description,
        picture=f"demo/goods-{number}.webp",
        on_shelf=True,
        skus=[
            catalog.SkuView(
                sku_id=an_id("sku", number, i), name=sku, price_fen=price_fen, stock=stock
            )
            for i, (sku, price_fen, stock) in enumerate(skus)
        ],
    )


STEPS = [
    ("placed", 42, "resident", "张桂兰", ""),
    ("paid", 41, "system", "", ""),
    ("confirmed", 38, "merchant", "陈建国", ""),
    ("ready", 20, "merchant", "陈建国", ""),
    ("dispatched", 15, "merchant", "陈建国", "张师傅"),
    ("entered", 4, "courier", "张师傅", "东门"),
    ("delivered", 2, "courier", "张师傅", "放在门口，有照片"),
    ("completed", 0, "resident", "张桂兰", ""),
]
REACHED = {
    "awaiting_payment": 1,
    "closing": 1,
    "awaiting_confirmation": 2,
    "preparing": 3,
    "ready": 4,
    "out_for_delivery": 6,
    "delivered": 7,
    "completed": 8,
    "cancelled": 2,
}
MAY = {
    "awaiting_payment": ["pay", "cancel"],
    "awaiting_confirmation": ["cancel"],
    "delivered": ["confirm_receipt"],
    "out_for_delivery": ["confirm_receipt"],
}
MERCHANT_MAY = {
    "awaiting_confirmation": ["confirm", "cancel"],
    "preparing": ["mark_ready", "cancel"],
    "ready": ["dispatch", "cancel"],
}


def order(state: str = "out_for_delivery", **changes: Any) -> orders.OrderView:
    reached = REACHED[state]
    at = {step: ago(minutes) for step, minutes, *_ in STEPS[:reached]}
    given: dict[str, Any] = {
        "order_id": an_id("order", state),
        "number": "#0317",
        "payment_id": an_id("payment"),
        "household_id": an_id("household", 1),
        "store_id": an_id("store", 0),
        "store_name": "老陈早餐铺",
        "state": state,
        "amount_fen": 1400,
        "summary": "现磨豆浆×2 手工油条×4",
        "address": "翠湖苑 3号楼2单元501",
        "placed_at": ago(42),
        "deadline_at": ago(-12),
        "picture": "demo/goods-0.webp",
        "merchant_id": an_id("merchant", 0),
        "community_id": an_id("community"),
        "home_id": an_id("home", 1),
        "building_id": an_id("building", 3),
        "contact_name": "张桂兰",
        "store_phone": "13800010002",
        "client": "wechat /h5/orders Mozilla/5.0",
        "remark": "油条要脆一点，放门口就行",
        "paid_by_channel": "wechat" if reached > 1 else "",
        "courier_name": "张师傅" if reached > 4 else "",
        "delivery_photo": "demo/goods-1.webp" if reached > 6 else "",
        "delivered_to_door": reached > 6,
        "settled_at": ago(0) if state == "completed" else None,
        "cancelled_at": ago(30) if state == "cancelled" else None,
        "cancel_reason": "等太久了" if state == "cancelled" else "",
        "refunded_at": ago(29) if state == "cancelled" else None,
        "lines": [line(0, 2, 300), line(1, 4, 200)],
        "timeline": [step_of(*step) for step in STEPS[:reached]],
        "may": MAY.get(state, []),
        **{f"{step}_at": moment for step, moment in at.items() if step != "entered"},
    }
    return orders.OrderView(**{**given, **changes})


def line(number: int, quantity: int, price_fen: int) -> orders.OrderLineView:
    return orders.OrderLineView(
        sku_id=an_id("sku", number, 0),
        item_id=an_id("item", number),
        item_name=GOODS[number][0],
        sku_name=GOODS[number][2][0][0],
        picture=f"demo/goods-{number}.webp",
        quantity=quantity,
        price_fen=price_fen,
        amount_fen=quantity * price_fen,
    )


def step_of(step: str, minutes: int, party: str, name: str, note: str) -> orders.TimelineEntry:
    return orders.TimelineEntry(at=ago(minutes), step=step, party=party, actor_name=name, note=note)


def payment(state: str = "open") -> settlement.PaymentView:
    return settlement.PaymentView(
        payment_id=an_id("payment"),
        household_id=an_id("household", 1),
        state=state,
        amount_fen=1400,
        subject="老陈早餐铺 现磨豆浆等 2 样",
        pay_before=ago(-14),
        allocations=[
            settlement.Allocation(
                order_id=an_id("order", "awaiting_payment"),
                merchant_id=an_id("merchant", 0),
                amount_fen=1400,
            )
        ],
    )


JSAPI = settlement.JsapiParams(
    app_id="wx0000000000000000",
    time_stamp="1795327500",
    nonce_str="0f3c",
    package="prepay_id=wx22",
    sign_type="RSA",
    pay_sign="c2lnbg==",
)


def fund() -> settlement.FundView:
    rows = [(1400, 42850, "release"), (2200, 41450, "release"), (-3600, 39250, "refund_begun")]
    return settlement.FundView(
        owner_kind="merchant",
        owner_id=an_id("merchant", 0),
        balance_fen=1242850,
        in_escrow_fen=8600,
        today_in_fen=42850,
        lines=[
            settlement.StatementLine(
                at=ago(30 * i),
                amount_fen=amount_fen,
                balance_fen=balance_fen,
                reason=reason,
                order_id=an_id("order", "completed") if amount_fen > 0 else None,
                transfer_id=an_id("transfer", i),
            )
            for i, (amount_fen, balance_fen, reason) in enumerate(rows)
        ],
    )


def order_money() -> settlement.OrderMoneyView:
    moves = [
        (41, "clearing", "escrow", "receipt"),
        (0, "escrow", "merchant_fund", "release"),
    ]
    return settlement.OrderMoneyView(
        order_id=an_id("order", "completed"),
        household_id=an_id("household", 1),
        merchant_id=an_id("merchant", 0),
        amount_fen=1400,
        held_fen=0,
        state="released",
        steps=[
            settlement.MoneyStep(
                at=ago(minutes), from_account=a, to_account=b, amount_fen=1400, reason=reason
            )
            for minutes, a, b, reason in moves
        ],
    )


def audit(holds: bool = True) -> settlement.AuditView:
    sentences = [
        ("entries_sum_to_zero", "所有分录加起来是零", True, 1284),
        ("no_guarded_account_below_zero", "没有一个不许透支的账户低于零", True, 312),
        ("finished_orders_hold_nothing", "完成的订单不再压着钱", holds, 407),
        ("ledger_equals_channel_bill", "账本和微信支付的账单一致", True, 398),
    ]
    return settlement.AuditView(
        at=ago(1),
        proved=holds,
        proofs=[
            settlement.Proof(
                name=name,
                statement=words,
                holds=ok,
                checked=count,
                differences=[] if ok else ["订单 #0291 还压着 ¥36.00"],
            )
            for name, words, ok, count in sentences
        ],
        trial_balance={"clearing": -1328500, "escrow": 86000, "merchant_fund": 1242500},
    )


def courier(number: int = 0) -> delivery.CourierView:
    return delivery.CourierView(
        courier_id=an_id("courier", number),
        name=["张师傅", "刘小军"][number],
        phone_masked="139****0011",
        photo=f"demo/courier-{number}.webp",
        open_drops=2 * number,
    )


def drop(state: str = "assigned") -> delivery.DropView:
    return delivery.DropView(
        drop_id=an_id("drop", state),
        visit_id=an_id("visit"),
        order_id=an_id("order", "out_for_delivery"),
        order_number="#0317",
        store_name="老陈早餐铺",
        address="翠湖苑 3号楼2单元501",
        summary="现磨豆浆×2 手工油条×4",
        remark="油条要脆一点，放门口就行",
        state=state,
        delivered_at=ago(2) if state == "delivered" else None,
    )


def visit(state: str = "expected", **changes: Any) -> delivery.VisitView:
    inside = state in ("inside", "left")
    given: dict[str, Any] = {
        "visit_id": an_id("visit", state),
        "courier_id": an_id("courier", 0),
        "courier_name": "张师傅",
        "courier_photo": "demo/courier-0.webp",
        "phone_masked": "139****0011",
        "community_id": an_id("community"),
        "state": state,
        "expected_from": ago(5),
        "expected_until": ago(-55),
        "entered_at": ago(4) if inside else None,
        "entry_gate": "东门" if inside else "",
        "left_at": ago(1) if state == "left" else None,
        "exit_gate": "东门" if state == "left" else "",
        "refused_reason": "不是照片上的人" if state == "refused" else "",
        "drops": [drop(), drop("delivered")],
    }
    return delivery.VisitView(**{**given, **changes})


GATE = identity.GateView(gate_id=an_id("gate", 0), community_id=an_id("community"), name="东门")
GATES = [
    GATE,
    identity.GateView(gate_id=an_id("gate", 1), community_id=an_id("community"), name="南门"),
]
COMMUNITY = identity.CommunityView(
    community_id=an_id("community"),
    name="翠湖苑",
    address="翠湖路 8 号",
    service_phone="021-5550 1234",
    gates=GATES,
)
PASS = delivery.PassView(
    visit_id=an_id("visit", "expected"),
    token="v1." + "a" * 120,
    digits="482915",
    expires_at=ago(-55),
)
MONEY_COUNTS = settlement.MoneyCounts(
    escrow_fen=86000,
    merchant_funds_fen=1242500,
    household_funds_fen=32000,
    paid_today_fen=186400,
    paid_today_count=63,
    settled_today_fen=142850,
    refunds_pending=2,
    refunds_failed=1,
)
DELIVERY_COUNTS = delivery.DeliveryCounts(expected=3, inside=2, overstayed=1, delivered_today=41)
PEOPLE_COUNTS = identity.IdentityCounts(
    homes=60,
    households=62,
    households_certified=58,
    people=171,
    merchants=20,
    stores=21,
    stores_certified=20,
    staff=9,
)
SHELF_COUNTS = catalog.CatalogCounts(items=206, items_on_shelf=201, skus_sold_out=4)
NOTICE_COUNTS = marketing.MarketingCounts(
    pending=0, failed=0, sent_today=184, wechat_events_today=97
)


def merchant(number: int) -> identity.MerchantView:
    return identity.MerchantView(
        merchant_id=an_id("merchant", number),
        name=STORES[number][0],
        certification="certified" if number != 3 else "expired",
        certified_by="翠湖苑物业服务中心",
        certified_until=NEXT_YEAR,
        stores=[store(number)],
    )
