"""Each page with a sample of what its view would give it."""

from typing import Any

from gateway.console.flow import flow_of
from services.contracts import catalog
from tests.unit.ui import samples as s
from tests.unit.ui import samples_console_money
from tests.unit.ui.money_pages import MONEY, MONEY_ALIKE

ERROR = {
    "title": "暂时忙不过来",
    "happened": "系统的一部分正在恢复。",
    "safe": "您的钱和订单都安全。",
    "todo": "稍等一会儿再试；同一个操作重复做是安全的。",
    "code": "request.unavailable",
    "request_id": s.an_id("call"),
}
COUNTS = {"new": 2, "preparing": 3, "ready": 0, "going": 1, "done": 28}


def sku_line(number: int) -> catalog.SkuLine:
    item = s.item(number)
    return catalog.SkuLine(
        sku_id=item.skus[0].sku_id,
        item_id=item.item_id,
        store_id=item.store_id,
        item_name=item.name,
        sku_name=item.skus[0].name,
        price_fen=item.skus[0].price_fen,
        stock=item.skus[0].stock,
        on_shelf=True,
    )


def checkout(**changes: Any) -> dict[str, Any]:
    lines = [
        {"line": sku_line(0), "quantity": 2, "amount_fen": 600},
        {"line": sku_line(1), "quantity": 4, "amount_fen": 800},
    ]
    given = {
        "household": s.membership(),
        "groups": [{"store": s.store(0), "lines": lines, "amount_fen": 1400}],
        "total_fen": 1400,
        "form": {},
        "faults": {},
    }
    return {**given, **changes}


def shelf(**changes: Any) -> dict[str, Any]:
    given = {
        "household": s.membership(),
        "store": s.store(0),
        "items": [s.item(n) for n in range(4)],
        "quantities": {s.item(0).skus[0].sku_id: 2},
        "category": "",
        "categories": ["早餐", "饮品"],
        "text": "",
        "next_href": None,
    }
    return {**given, **changes}


RESIDENT: dict[str, tuple[str, dict[str, Any]]] = {
    "home": (
        "h5/resident/home.html",
        {
            "me": s.me(),
            "household": s.membership(),
            "stores": [s.store(n) for n in range(6)],
            "open_orders": [s.order("out_for_delivery"), s.order("awaiting_payment")],
        },
    ),
    "stores": (
        "h5/resident/stores.html",
        {
            "household": s.membership(),
            "kind": "food",
            "text": "",
            "stores": [s.store(0), s.store(2)],
            "next_href": "?after=x",
        },
    ),
    "stores-none": (
        "h5/resident/stores.html",
        {"household": s.membership(), "kind": "", "text": "钢琴", "stores": [], "next_href": None},
    ),
    "store": ("h5/resident/store.html", shelf()),
    "checkout": ("h5/resident/checkout.html", checkout()),
    "checkout-fault": (
        "h5/resident/checkout.html",
        checkout(
            form={"other_address": "小区南门快递柜"},
            faults={
                "remark": "送到别的地方，请在备注里写明原因。",
                s.item(1).skus[0].sku_id: "只剩 2 份了",
            },
        ),
    ),
    "orders": (
        "h5/resident/orders.html",
        {
            "household": s.membership(),
            "tab": "all",
            "counts": {"pay": 1, "doing": 2},
            "orders": [
                s.order("awaiting_payment"),
                s.order("out_for_delivery"),
                s.order("completed"),
            ],
            "next_href": "?after=x",
        },
    ),
    "orders-none": (
        "h5/resident/orders.html",
        {"household": s.membership(), "tab": "all", "counts": {}, "orders": [], "next_href": None},
    ),
    **{
        f"order-{state}": ("h5/resident/order.html", {"order": s.order(state)})
        for state in s.REACHED
    },
    "cancel": (
        "h5/cancel.html",
        {"order": s.order("awaiting_confirmation"), "side": "resident", "form": {}, "faults": {}},
    ),
    "me": ("h5/resident/me.html", {"me": s.me(), "household": s.membership()}),
    "sign-in": ("h5/sign_in.html", {"sign_in_href": "/h5/sign-in"}),
    "not-certified": ("h5/not_certified.html", {"me": s.me(), "household": None}),
    "error": ("h5/error.html", {"error": ERROR, "again_href": "/h5/"}),
}

MERCHANT: dict[str, tuple[str, dict[str, Any]]] = {
    "desk": (
        "h5/merchant/desk.html",
        {
            "store": s.store_membership(),
            "stores": [s.store_membership()],
            "tab": "new",
            "counts": COUNTS,
            "orders": [
                s.order("awaiting_confirmation"),
                s.order("awaiting_confirmation", other_address=True, address="小区南门快递柜"),
            ],
            "today_in_fen": 42850,
            "next_href": None,
        },
    ),
    "desk-none": (
        "h5/merchant/desk.html",
        {
            "store": s.store_membership(),
            "stores": [],
            "tab": "new",
            "counts": {},
            "orders": [],
            "today_in_fen": 0,
            "next_href": None,
        },
    ),
    "m-order-new": (
        "h5/merchant/order.html",
        {
            "order": s.order("awaiting_confirmation", may=s.MERCHANT_MAY["awaiting_confirmation"]),
            "couriers": [],
        },
    ),
    "m-order-ready": (
        "h5/merchant/order.html",
        {
            "order": s.order("ready", may=s.MERCHANT_MAY["ready"]),
            "couriers": [s.courier(0), s.courier(1)],
        },
    ),
    "m-cancel": (
        "h5/cancel.html",
        {"order": s.order("preparing"), "side": "merchant", "form": {}, "faults": {}},
    ),
    "goods": (
        "h5/merchant/goods.html",
        {
            "store": s.store_membership(),
            "items": [s.item(n) for n in range(4)],
            "saved": s.item(0).skus[0].sku_id,
            "faults": {},
        },
    ),
}

COURIER: dict[str, tuple[str, dict[str, Any]]] = {
    "drops": (
        "h5/courier/drops.html",
        {
            "me": s.me(),
            "visits": [s.visit(x) for x in ("expected", "inside", "expired", "refused")],
        },
    ),
    "deliver": (
        "h5/courier/deliver.html",
        {"drop": s.drop(), "photo_required": True, "form": {}, "faults": {}},
    ),
    "pass": (
        "h5/courier/pass.html",
        {"visit": s.visit(), "gate_pass": s.PASS, "qr_text": s.PASS.token},
    ),
}

GATE: dict[str, tuple[str, dict[str, Any]]] = {
    "gate-choose": ("gate/home.html", {"gate": None, "gates": s.GATES}),
    "gate-home": (
        "gate/home.html",
        {
            "gate": s.GATE,
            "gates": s.GATES,
            "expected": 3,
            "inside": 2,
            "form": {"code": "482 911"},
            "faults": {"code": "没有这个通行证，请再核对一遍号码。"},
        },
    ),
    "gate-visit": (
        "gate/visit.html",
        {"gate": s.GATE, "visit": s.visit(), "faults": {}, "form": {}},
    ),
    "gate-visit-inside": (
        "gate/visit.html",
        {"gate": s.GATE, "visit": s.visit("inside", overstayed=True), "faults": {}, "form": {}},
    ),
    "gate-inside": (
        "gate/inside.html",
        {"gate": s.GATE, "visits": [s.visit("inside")], "state": "inside", "next_href": None},
    ),
}

STAFF = s.me(name="周经理", staff_roles=["manager"], households=[], stores=[], is_courier=False)
STATES = list(s.REACHED)
CONSOLE: dict[str, tuple[str, dict[str, Any]]] = {
    "console-sign-in": (
        "console/sign_in.html",
        {"form": {}, "faults": {"password": "用户名或密码不对。"}},
    ),
    "overview": (
        "console/overview.html",
        {
            "me": STAFF,
            "community": s.COMMUNITY,
            "order_counts": {"awaiting_confirmation": 4, "preparing": 6, "completed": 128},
            "money": s.MONEY_COUNTS,
            "delivery": s.DELIVERY_COUNTS,
            "people": s.PEOPLE_COUNTS,
            "shelf": s.SHELF_COUNTS,
            "notices": s.NOTICE_COUNTS,
            "dead": 0,
            "silent": ["通知"],
        },
    ),
    "console-orders": (
        "console/orders.html",
        {
            "me": STAFF,
            "text": "",
            "state": "",
            "states": STATES,
            "orders": [s.order(state) for state in STATES],
            "next_href": "?after=x",
            "first_href": "",
        },
    ),
    "console-order": (
        "console/order.html",
        {
            "me": STAFF,
            "order": s.order("completed"),
            "money": s.order_money(),
            "flow": flow_of(s.order_money()),
            "correctable": (),
        },
    ),
    "console-merchants": (
        "console/merchants.html",
        {"me": STAFF, "text": "", "merchants": [s.merchant(n) for n in range(6)]},
    ),
    "console-visits": (
        "console/visits.html",
        {"me": STAFF, "state": "", "visits": [s.visit("inside", overstayed=True), s.visit("left")]},
    ),
    "console-dead": (
        "console/dead.html",
        {
            "me": STAFF,
            "messages": [
                {
                    "queue": "marketing.order.paid.dead",
                    "message_id": "m1",
                    "event": "order.paid",
                    "at": s.ago(12),
                    "attempts": 6,
                    "error": "marketing.no_such_wechat_account",
                    "body": '{"event_id": "01J"}',
                }
            ],
        },
    ),
    "console-audit": ("console/audit.html", {"me": STAFF, "audit": s.audit()}),
    "console-audit-fails": ("console/audit.html", {"me": STAFF, "audit": s.audit(holds=False)}),
    "console-error": ("console/error.html", {"error": ERROR}),
    **samples_console_money.PAGES,
}
SCREENS: dict[str, tuple[str, dict[str, Any]]] = {
    "screen": (
        "screens/gate.html",
        {
            "community": s.COMMUNITY,
            "gate": s.GATE,
            "visits": [s.visit("inside"), s.visit("expected")],
            "stores": [s.store(n) for n in range(3)],
        },
    ),
}
PHONE = {**RESIDENT, **MONEY, **MERCHANT, **COURIER, **GATE}
ALL = {**PHONE, **MONEY_ALIKE, **CONSOLE, **SCREENS, **samples_console_money.MORE}
