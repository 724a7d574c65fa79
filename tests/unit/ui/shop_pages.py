"""Each page of a shop's desk with a sample of what its view would give it."""

from datetime import timedelta
from typing import Any

from gateway.h5.amending import Proposal
from gateway.h5.slots import Day
from gateway.ui import local
from services.contracts import after_sales, amendments, disputes, orders, reviews
from tests.unit.ui import samples as s

Pages = dict[str, tuple[str, dict[str, Any]]]
STORE = s.store_membership()
COUNTS = {"new": 2, "preparing": 3, "going": 4, "trouble": 1}
STATS = disputes.MerchantStats(
    merchant_id=STORE.merchant_id,
    days=90,
    orders_completed=412,
    orders_cancelled_by_store=3,
    cases=7,
    disputes=2,
    disputes_open=1,
    ruled_for_resident=1,
    ruled_for_merchant=0,
    agreed=1,
    refunded_fen=5200,
    answer_minutes=18,
)
SCORE = reviews.StoreScore(
    store_id=STORE.store_id, score_hundredths=447, votes=23, by_stars=[1, 0, 2, 5, 15]
)
SLOT = {"slot_from": s.ago(-120), "slot_until": s.ago(-180)}
HOME_SERVICE = {"fulfilment": "at_home", "summary": "油烟机清洗×1", **SLOT}


def ticket(state: str, number: str, **changes: Any) -> orders.OrderView:
    """An order on the desk, each with an id of its own."""
    return s.order(state, order_id=s.an_id("ticket", number), number=number, **changes)


def desk(tab: str = "new", shown: list[orders.OrderView] | None = None) -> dict[str, Any]:
    newest = s.an_id("ticket", "#0318") if shown else ""
    return {
        "store": STORE,
        "stores": [STORE, STORE],
        "tab": tab,
        "counts": COUNTS if shown else dict.fromkeys(COUNTS, 0),
        "newest": newest,
        "orders": shown or [],
        "pulse_href": f"/h5/merchant/desk/pulse?store_id={STORE.store_id}&tab={tab}&stamp=1",
        "today_in_fen": 42850,
        "next_href": "",
        "first_href": "",
    }


NEW = [
    ticket("awaiting_confirmation", "#0317"),
    ticket(
        "awaiting_confirmation",
        "#0318",
        other_address=True,
        address="小区南门快递柜旁边的长椅",
        remark="老人在楼下等，送到前打电话",
        deliver_after=s.ago(-90),
        agreed_fen=123400,
    ),
]
GOING = [
    ticket("ready", "#0301", summary="现磨豆浆×2"),
    ticket("ready", "#0302", fulfilment="pickup", summary="手工油条×10"),
    ticket("ready", "#0303", **HOME_SERVICE).model_copy(
        update={"state": orders.OrderState.SCHEDULED}
    ),
    ticket("ready", "#0304", fulfilment="in_store", **SLOT).model_copy(
        update={"state": orders.OrderState.IN_SERVICE}
    ),
    ticket("delivered", "#0305"),
    ticket("preparing", "#0306", supplement_of=s.an_id("ticket", "#0301"), summary="补差价"),
]
TROUBLED = [
    ticket("awaiting_confirmation", "#0290", late=True),
    ticket("preparing", "#0291", trouble="amending"),
    ticket("completed", "#0292", trouble="after_sale"),
    ticket("delivered", "#0293", trouble="disputed"),
]

BEFORE = [s.line(0, 2, 300), s.line(1, 4, 200)]
AFTER = [s.line(0, 2, 300), s.line(3, 1, 500)]


def amendment(state: str = "proposed", **changes: Any) -> amendments.AmendmentView:
    given: dict[str, Any] = {
        "amendment_id": s.an_id("amendment", state),
        "order_id": s.an_id("order", "preparing"),
        "state": state,
        "note": "油条卖完了，换成杂粮粥好吗",
        "proposed_at": s.ago(10),
        "proposed_by": "陈建国",
        "deadline_at": s.ago(-50),
        "before": BEFORE,
        "after": AFTER,
        "before_fen": 1400,
        "after_fen": 1100,
        "may": ["withdraw_amendment"] if state == "proposed" else [],
    }
    return amendments.AmendmentView(**{**given, **changes})


def case(state: str = "requested", **changes: Any) -> after_sales.CaseView:
    given: dict[str, Any] = {
        "case_id": s.an_id("case", state),
        "order_id": s.an_id("order", "completed"),
        "number": "#0292",
        "store_id": STORE.store_id,
        "store_name": STORE.store_name,
        "household_id": s.an_id("household", 1),
        "kind": "refund",
        "state": state,
        "reason": "豆浆洒了一半，袋子也破了",
        "lines": [],
        "amount_fen": 600,
        "refund_to": "channel",
        "photos": ["demo/goods-0.webp"],
        "opened_at": s.ago(50),
        "opened_by": "张桂兰",
        "deadline_at": s.ago(-600),
        "waits_for": "merchant",
        "may": ["answer_case"],
    }
    return after_sales.CaseView(**{**given, **changes})


def dispute() -> disputes.DisputeView:
    return disputes.DisputeView(
        dispute_id=s.an_id("dispute"),
        order_id=s.an_id("order", "delivered"),
        number="#0293",
        state="negotiating",
        about="damaged",
        opened_at=s.ago(90),
        opened_by="resident",
        store_id=STORE.store_id,
        store_name=STORE.store_name,
        merchant_id=STORE.merchant_id,
        household_id=s.an_id("household", 1),
        community_id=s.an_id("community"),
        resident_name="张**",
        amount_fen=1400,
        frozen_fen=1400,
        text="豆浆洒了",
    )


def review(number: int, **changes: Any) -> reviews.ReviewView:
    given: dict[str, Any] = {
        "order_id": s.an_id("reviewed", number),
        "store_id": STORE.store_id,
        "stars": 5 - number,
        "text": "豆浆很浓，就是油条送来有点软" if number else "每天都买",
        "author": "张**",
        "summary": "现磨豆浆×2",
        "written_at": s.ago(600 * (number + 1)),
    }
    return reviews.ReviewView(**{**given, **changes})


def order_page(state: str, *may: str, **changes: Any) -> tuple[str, dict[str, Any]]:
    context = {
        "couriers": changes.pop("couriers", []),
        "amendments": changes.pop("amendments", []),
        "case": changes.pop("case", None),
        "dispute": changes.pop("dispute", None),
    }
    really = changes.pop("really", state)
    order = s.order(state, may=list(may), **changes)
    order = order.model_copy(update={"state": orders.OrderState(really)})
    return "h5/merchant/order.html", {"order": order, **context}


def amend_page(**changes: Any) -> tuple[str, dict[str, Any]]:
    given = {
        "order": s.order("preparing", may=["amend"]),
        "shelf": [s.item(n) for n in range(2, 4)],
        "days": [],
        "added_max": 3,
        "form": {},
        "faults": {},
    }
    return "h5/merchant/amend.html", {**given, **changes}


def hand_over(**changes: Any) -> tuple[str, dict[str, Any]]:
    order = s.order("ready", fulfilment="pickup", may=["hand_over"], **changes)
    given = {line.sku_id: line.quantity for line in order.lines}
    for pickup in order.pickups:
        for line in pickup.lines:
            given[line.sku_id] -= line.quantity
    context = {"store": STORE, "code": "40718826", "order": order, "left": given}
    return "h5/merchant/hand_over.html", {**context, "form": {}, "faults": {}}


def picked(*lines: tuple[int, int]) -> orders.PickupView:
    chosen = [orders.PickedLine(sku_id=s.an_id("sku", n, 0), quantity=q) for n, q in lines]
    return orders.PickupView(at=s.ago(95), by="陈建国", lines=chosen)


PREVIEW = Proposal(
    before=BEFORE, after=AFTER, deliver_after=s.ago(-120), note="油条卖完了，换成杂粮粥好吗"
)
DAYS = [Day([local(s.ago(-1440 * n)) + timedelta(hours=h) for h in range(3)]) for n in (1, 2)]
LIST = {
    "store": STORE,
    "kind": "done",
    "kind_hrefs": {"done": "?kind=done", "off": "?kind=off", "all": "?kind=all"},
    "days": {"from": "2026-11-01", "until": ""},
    "text": "",
    "orders": [s.order("completed"), ticket("completed", "#0299", refunded_fen=600)],
    "next_href": "?after=x",
    "first_href": "",
}
CASES = {"store": STORE, "tab": "open", "stats": STATS, "next_href": "", "first_href": ""}
REVIEWS = {
    "store": STORE,
    "stars": None,
    "score": SCORE,
    "stats": STATS,
    "answering": s.an_id("reviewed", 0),
    "form": {"text": ""},
    "faults": {"text": "太短了"},
    "next_href": "?after=x",
    "first_href": "",
}
SLIP = "h5/merchant/slip.html"

EVERY: Pages = {
    "desk": ("h5/merchant/desk.html", desk("new", NEW)),
    "desk-going": ("h5/merchant/desk.html", desk("going", GOING)),
    "desk-trouble": ("h5/merchant/desk.html", desk("trouble", TROUBLED)),
    "desk-none": ("h5/merchant/desk.html", desk()),
    "m-order-new": order_page("awaiting_confirmation", "confirm", "cancel", "amend", "say"),
    "m-order-ready": order_page(
        "ready", "dispatch", "cancel", "amend", couriers=[s.courier(0), s.courier(1)]
    ),
    "m-order-service": order_page(
        "ready", "finish_service", "open_dispute", really="in_service", **HOME_SERVICE
    ),
    "m-order-amending": order_page(
        "preparing",
        trouble="amending",
        amendments=[amendment(), amendment("refused")],
        other_address=True,
    ),
    "m-order-disputed": order_page(
        "completed",
        "answer_review",
        trouble="disputed",
        dispute=dispute(),
        case=case(),
        reviewed_at=s.ago(1),
        pickups=[picked((0, 2))],
        refunded_fen=600,
    ),
    "amend": amend_page(
        form={"q.x": "1"}, faults={"note": "请告诉居民为什么改", "lines": "还没有改什么"}
    ),
    "amend-slot": amend_page(
        order=s.order("preparing", may=["amend"], **HOME_SERVICE), shelf=[], days=DAYS
    ),
    "amend-preview": (
        "h5/merchant/amend_preview.html",
        {
            "order": s.order("preparing"),
            "proposal": PREVIEW,
            "carried": [("note", PREVIEW.note), ("q.x", "1")],
        },
    ),
    "pick-up": (
        "h5/merchant/pick_up.html",
        {
            "store": STORE,
            "done": s.order("ready", fulfilment="pickup", pickups=[picked((0, 1))]),
            "faults": {},
        },
    ),
    "pick-up-fault": (
        "h5/merchant/pick_up.html",
        {"store": STORE, "done": None, "faults": {"code": "这家店没有这个取货码的订单。"}},
    ),
    "hand-over": hand_over(pickups=[picked((0, 1))]),
    "hand-over-used": hand_over(pickups=[picked((0, 2), (1, 4))]),
    "m-orders": ("h5/merchant/orders.html", LIST),
    "m-orders-none": ("h5/merchant/orders.html", {**LIST, "orders": [], "next_href": ""}),
    "m-cases": (
        "h5/merchant/cases.html",
        {
            **CASES,
            "cases": [case(), case("awaiting_return", kind="exchange", waits_for="resident")],
        },
    ),
    "m-cases-none": ("h5/merchant/cases.html", {**CASES, "cases": []}),
    "m-reviews": (
        "h5/merchant/reviews.html",
        {
            **REVIEWS,
            "reviews": [
                review(0),
                review(1, answer="谢谢，以后给您用纸袋装"),
                review(4, hidden=True, hidden_reason="有人身攻击"),
            ],
        },
    ),
    "slip": (SLIP, {"order": NEW[1], "width": "58", "widths": ("58", "80")}),
    "slip-80": (
        SLIP,
        {"order": ticket("ready", "#0303", **HOME_SERVICE), "width": "80", "widths": ("58", "80")},
    ),
}
ALIKE = {
    "desk-going",
    "m-order-new",
    "m-order-ready",
    "m-order-service",
    "amend-slot",
    "pick-up",
    "hand-over-used",
    "m-orders-none",
    "m-cases-none",
    "slip-80",
}
SHOP: Pages = {name: page for name, page in EVERY.items() if name not in ALIKE}
SHOP_ALIKE: Pages = {name: page for name, page in EVERY.items() if name in ALIKE}
"""Drawn and read as all the others, but not looked at in a browser: each has a sister that is."""
IN_EVERY_MOOD = {"desk", "m-order-amending", "pick-up-fault"}
LIVE: Pages = {
    "desk": ("h5/merchant/desk_live.html", desk("new", NEW)),
    "desk-none": ("h5/merchant/desk_live.html", desk()),
}
"""What the desk is answered when it asks again."""
