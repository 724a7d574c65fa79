"""Each page with a sample of what its view would give it."""

from typing import Any

from tests.unit.ui import deal_pages, samples_console_money, samples_mediation, shop_pages
from tests.unit.ui import samples as s
from tests.unit.ui.deal_pages import DEALS, DEALS_ALIKE
from tests.unit.ui.deal_samples import REVIEWS, score
from tests.unit.ui.money_pages import MONEY, MONEY_ALIKE
from tests.unit.ui.shop_pages import SHOP, SHOP_ALIKE

ERROR = {
    "title": "暂时忙不过来",
    "happened": "系统的一部分正在恢复。",
    "safe": "您的钱和订单都安全。",
    "todo": "稍等一会儿再试；同一个操作重复做是安全的。",
    "code": "request.unavailable",
    "request_id": s.an_id("call"),
}


def shelf(**changes: Any) -> dict[str, Any]:
    given = {
        "household": s.membership(),
        "store": s.store(0),
        "items": [s.item(n) for n in range(4)],
        "score": score(),
        "reviews": REVIEWS[:2],
        "quantities": {s.item(0).skus[0].sku_id: 2},
        "elsewhere": {},
        "carried": "",
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
            "scores": {one.store_id: one for one in (score(), score(1, 400, 1))},
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
            "scores": {s.store(0).store_id: score()},
            "carried": "q.X=2",
            "next_href": "?after=x",
        },
    ),
    "stores-none": (
        "h5/resident/stores.html",
        {"household": s.membership(), "kind": "", "text": "钢琴", "stores": [], "next_href": None},
    ),
    "store": ("h5/resident/store.html", shelf()),
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
    **SHOP,
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
    **samples_mediation.PAGES,
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
PHONE = {**RESIDENT, **DEALS, **MONEY, **MERCHANT, **COURIER, **GATE}
_OF_DEALS = {**DEALS, **SHOP, **samples_mediation.PAGES}
_MOODY = deal_pages.IN_EVERY_MOOD | shop_pages.IN_EVERY_MOOD | samples_mediation.IN_EVERY_MOOD
IN_EVERY_MOOD = [name for name in {**PHONE, **CONSOLE} if name in _MOODY or name not in _OF_DEALS]
"""Which are also seen in the dark and in large letters, and of the console's, on a phone."""
ALL = {
    **PHONE,
    **DEALS_ALIKE,
    **SHOP_ALIKE,
    **MONEY_ALIKE,
    **CONSOLE,
    **SCREENS,
    **samples_console_money.MORE,
    **samples_mediation.MORE,
}
