"""A quarrel over an order, and the pages of the console that it and its like are seen on."""

from datetime import timedelta
from typing import Any

from gateway.console.case_file import coming_of, photos_of
from gateway.console.disputes import GROUPS
from gateway.console.flow import flow_of
from gateway.console.order_list import TROUBLES
from gateway.console.sagas import saga_words
from services.contracts import after_sales, amendments, delivery, disputes, orders, reviews
from services.contracts.catalog import Fulfilment
from services.contracts.orders import AllOrdersQuery, OrderState
from tests.unit.ui import samples as s
from tests.unit.ui import samples_treasury as t

STAFF = s.me(name="周经理", staff_roles=["manager"], households=[], stores=[], is_courier=False)
LISTED: dict[str, Any] = {"next_href": "?after=x", "first_href": "", "sheet_href": "?as=xlsx"}
DISPUTE, CASE, AMENDMENT, SAGA = (s.an_id(name) for name in ("dispute", "case", "amend", "saga"))
HASH = "9f2ab4c81d03e57a66b0" + "c4" * 22


def order(**changes: Any) -> orders.OrderView:
    """The order that the quarrel is about: delivered, settled, then frozen."""
    given: dict[str, Any] = {
        "trouble": orders.Trouble.DISPUTED,
        "agreed_fen": 1200,
        "refunded_fen": 0,
        "record_hash": HASH,
        "handled_by": "陈建国",
        "dispute_id": DISPUTE,
    }
    return s.order("completed", **{**given, **changes})


ORDER = order()


def record(broken_at: int | None = None, **changes: Any) -> orders.OrderRecord:
    """Its record; whole unless a row was rewritten."""
    entries = [
        orders.RecordEntry(**step.model_dump(), seq=n, hash=s.an_id("hash", n).lower() * 2 + "00")
        for n, step in enumerate(ORDER.timeline, start=1)
    ]
    given: dict[str, Any] = {
        "order": ORDER,
        "entries": entries,
        "messages": MESSAGES,
        "whole": broken_at is None,
        "broken_at": broken_at,
    }
    return orders.OrderRecord(**{**given, **changes})


def message(number: int, party: str, name: str, text: str, **more: Any) -> orders.MessageView:
    return orders.MessageView(
        message_id=s.an_id("message", number),
        at=s.ago(60 - number * 7),
        party=party,
        name=name,
        text=text,
        **more,
    )


MESSAGES = [
    message(1, "resident", "张桂兰", "豆浆洒了一半，油条是凉的。", photos=["demo/goods-0.webp"]),
    message(2, "merchant", "陈建国", "出门时是热的，盖子也盖好了，可能是路上颠的。"),
    message(3, "staff", "林调解", "请说一下几点拿到手的，袋子有没有破。", to="resident"),
    message(4, "resident", "张桂兰", "两点过五分在门口拿到的，袋子没破，杯盖松了。"),
]


def brief(state: str = "mediating", **changes: Any) -> dict[str, Any]:
    """What the queue shows of a quarrel."""
    given: dict[str, Any] = {
        "dispute_id": DISPUTE,
        "order_id": ORDER.order_id,
        "number": "#0317",
        "state": state,
        "about": "damaged",
        "opened_at": s.NOW - timedelta(hours=30),
        "opened_by": "resident",
        "store_id": ORDER.store_id,
        "store_name": "老陈早餐铺",
        "merchant_id": ORDER.merchant_id,
        "household_id": ORDER.household_id,
        "community_id": ORDER.community_id,
        "resident_name": "张**",
        "amount_fen": 1400,
        "frozen_fen": 1400,
        "mediator_name": "" if state == "waiting" else "林调解",
        "deadline_at": s.ago(-23 * 60),
        "summary": "现磨豆浆×2 手工油条×4",
    }
    return {**given, **changes}


RULING = disputes.RulingView(
    to_resident_fen=600,
    to_merchant_fen=800,
    refund_to="channel",
    reason="杯盖松了是出门前的事，油条凉了路上也有份。豆浆的钱退给居民，油条的钱付给商家。",
    by="林调解",
    at=s.ago(90),
)
FINAL = RULING.model_copy(
    update={"to_resident_fen": 700, "to_merchant_fen": 700, "by": "周经理", "at": s.ago(10)}
)
OF_STATE: dict[str, dict[str, Any]] = {
    "waiting": {"may": ["take_dispute"]},
    "mediating": {"may": ["take_dispute", "ask_party", "rule_dispute", "pass_to_manager"]},
    "ruled": {"ruling": RULING, "accepted_by": ["merchant"], "may": []},
    "appealed": {
        "ruling": RULING,
        "appeal_by": "resident",
        "appeal_text": "豆浆和油条都不能吃，应该全退。",
        "may": ["ask_party", "decide_appeal"],
    },
    "closed": {"ruling": RULING, "final": FINAL, "outcome_fen": 700, "may": []},
}


def dispute(state: str = "mediating", **changes: Any) -> disputes.DisputeView:
    """A quarrel in a state, as the mediator sees it."""
    given: dict[str, Any] = {
        "text": "豆浆洒了一半，油条凉了，商家说不关他的事。",
        "wanted_fen": 1400,
        "photos": ["demo/goods-0.webp"],
        "taken_back_fen": 1100,
        "owed_fen": 300,
        "proposal_fen": 400,
        "proposal_by": "merchant",
        "proposal_text": "豆浆退一杯的钱。",
        "asked": ["resident"] if state == "mediating" else [],
        **OF_STATE.get(state, {}),
    }
    return disputes.DisputeView(**{**brief(state), **given, **changes})


def amendment(state: str = "done", **changes: Any) -> amendments.AmendmentView:
    given: dict[str, Any] = {
        "amendment_id": AMENDMENT,
        "order_id": ORDER.order_id,
        "state": state,
        "note": "油条只剩三根了",
        "proposed_at": s.ago(36),
        "proposed_by": "陈建国",
        "before": [s.line(0, 2, 300), s.line(1, 4, 200)],
        "after": [s.line(0, 2, 300), s.line(1, 3, 200)],
        "before_fen": 1400,
        "after_fen": 1200,
    }
    return amendments.AmendmentView(**{**given, **changes})


def case(state: str = "escalated", **changes: Any) -> after_sales.CaseView:
    given: dict[str, Any] = {
        "case_id": CASE,
        "order_id": ORDER.order_id,
        "number": "#0317",
        "store_id": ORDER.store_id,
        "store_name": "老陈早餐铺",
        "household_id": ORDER.household_id,
        "kind": "refund",
        "state": state,
        "reason": "豆浆洒了一半",
        "lines": [orders.PickedLine(sku_id=ORDER.lines[0].sku_id, quantity=2)],
        "amount_fen": 600,
        "offered_fen": 300,
        "refund_to": "channel",
        "photos": ["demo/goods-1.webp"],
        "opened_at": s.ago(55),
        "opened_by": "张桂兰",
        "answered_at": s.ago(50),
        "answer_text": "出门时是好的",
    }
    return after_sales.CaseView(**{**given, **changes})


def order_visit(state: str = "left", **changes: Any) -> delivery.OrderVisitView:
    """The courier's coming with the order, and what the guards wrote down."""
    drop = s.drop("delivered").model_copy(update={"photo": "demo/goods-2.webp"})
    log = [
        delivery.GateEntryView(at=s.ago(4), gate="东门", direction="in", guard_name="赵门岗"),
        delivery.GateEntryView(at=s.ago(1), gate="东门", direction="out", guard_name="赵门岗"),
    ]
    drop = drop.model_copy(update={"order_id": ORDER.order_id})
    return delivery.OrderVisitView(drop=drop, visit=s.visit(state, **changes), log=log)


PRECEDENT = disputes.PrecedentView(
    dispute_id=s.an_id("dispute", "earlier"),
    about="damaged",
    amount_fen=2600,
    to_resident_fen=1300,
    reason="包装是商家的事，路上耽搁是配送的事，各一半。",
    story="汤面送到时洒了三分之一，照片看得出碗没有封口；门岗记录里配送员在小区停了二十分钟。",
    ruled_at=s.ago(60 * 24 * 9),
)


def stats(number: int = 0) -> disputes.MerchantStats:
    return disputes.MerchantStats(
        merchant_id=s.an_id("merchant", number),
        days=90,
        orders_completed=412 - 60 * number,
        orders_cancelled_by_store=6,
        cases=14,
        disputes=5 - number,
        disputes_open=int(number == 0),
        ruled_for_resident=2,
        ruled_for_merchant=1,
        agreed=1,
        refunded_fen=23400,
        answer_minutes=35 if number else None,
    )


def case_file(state: str = "mediating", broken_at: int | None = None) -> disputes.CaseFile:
    return disputes.CaseFile(
        dispute=dispute(state),
        record=record(broken_at),
        amendments=[amendment()],
        cases=[case()],
        alike=[PRECEDENT],
        merchant=stats(),
        brought_ids=[ORDER.order_id],
    )


QUEUE = [
    disputes.DisputeBrief(**brief(state, dispute_id=s.an_id("dispute", state), **more))
    for state, more in {
        "waiting": {"opened_at": s.NOW - timedelta(hours=53), "about": "not_received"},
        "mediating": {},
        "appealed": {"opened_at": s.ago(300), "store_name": "丽芳洗衣", "about": "service"},
        "ruled": {"opened_at": s.ago(44), "number": "#1284"},
    }.items()
]
COUNTS = disputes.DisputeCounts(
    counts={"waiting": 3, "mediating": 2, "appealed": 1, "negotiating": 4},
    mine=2,
    oldest_waiting_at=s.NOW - timedelta(hours=53),
)


def review(stars: int = 2, **changes: Any) -> reviews.ReviewView:
    given: dict[str, Any] = {
        "order_id": s.an_id("reviewed", stars),
        "store_id": ORDER.store_id,
        "stars": stars,
        "text": "豆浆很浓，油条送到还是脆的。" if stars > 3 else "等了一个多小时，凉了。",
        "photos": ["demo/goods-0.webp"] if stars > 3 else [],
        "author": "张**",
        "summary": "现磨豆浆×2 手工油条×4",
        "written_at": s.ago(60 * stars),
    }
    return reviews.ReviewView(**{**given, **changes})


HIDDEN = {"hidden": True, "hidden_reason": "写了别人的门牌号", "answer": "对不起，已经换了配送员"}
REVIEWS = [review(5), review(2, answer="对不起", answered_at=s.ago(30)), review(1, **HIDDEN)]
SCORE = reviews.StoreScore(
    store_id=ORDER.store_id, score_hundredths=412, votes=38, by_stars=[1, 2, 3, 12, 20]
)
SAGAS = [
    orders.SagaView(
        saga_id=SAGA,
        kind="case_exchange",
        order_id=ORDER.order_id,
        number="#0317",
        step="reserve_replacement",
        undoing=undoing,
        tries=7,
        last_error="catalog.unavailable: no answer in time",
        started_at=s.ago(48),
        next_try_at=s.ago(-4),
    )
    for undoing in (False, True)
]
LISTED_ORDERS = [
    s.order("completed", trouble="disputed", agreed_fen=1200, refunded_fen=200),
    s.order("ready", fulfilment="pickup", address="", late=True),
    s.order("preparing", trouble="amending", other_address=True, address="小区南门快递柜"),
    s.order("delivered", fulfilment="at_home", slot_from=s.ago(60), slot_until=s.ago(0)),
    s.order("awaiting_payment", supplement_of=ORDER.order_id, summary="补差价"),
]


def of(template: str, **context: Any) -> tuple[str, dict[str, Any]]:
    """A page for a manager, with nothing typed and nothing refused."""
    return f"console/{template}.html", {"me": STAFF, "form": {}, "faults": {}, **context}


def case_page(
    state: str, broken_at: int | None = None, **context: Any
) -> tuple[str, dict[str, Any]]:
    file, money = case_file(state, broken_at), t.order_money("frozen")
    comings = [coming_of(order_visit(), ORDER.order_id)]
    given: dict[str, Any] = {
        "file": file,
        "money": money,
        "flow": flow_of(money),
        "comings": comings,
        "photos": list(photos_of(file, comings)),
        "silent": [],
    }
    return of("case_file", **{**given, **context})


def queue_page(**context: Any) -> tuple[str, dict[str, Any]]:
    given: dict[str, Any] = {
        "state": "todo",
        "groups": list(GROUPS),
        "mine": False,
        "narrowed": {},
        "community": "",
        "communities": {"A": "翠湖苑", "B": "金桂园"},
        "disputes": QUEUE,
        "counts": COUNTS,
    }
    return of("disputes", **{**given, **LISTED, **context})


def orders_page(**context: Any) -> tuple[str, dict[str, Any]]:
    given: dict[str, Any] = {
        "query": AllOrdersQuery(),
        "days": {"from": "2026-11-01", "until": ""},
        "states": list(OrderState),
        "fulfilments": list(Fulfilment),
        "troubles": TROUBLES,
        "communities": {},
        "orders": LISTED_ORDERS,
    }
    return of("orders", **{**given, **LISTED, **context})


def order_page(**context: Any) -> tuple[str, dict[str, Any]]:
    money = t.order_money("frozen")
    given: dict[str, Any] = {
        "order": ORDER,
        "record": record(),
        "amendments": [amendment()],
        "cases": [case()],
        "money": money,
        "flow": flow_of(money),
        "correctable": (),
        "silent": [],
    }
    return of("order", **{**given, **context})


STORES: dict[str, Any] = {
    "community": "A",
    "communities": {"A": "翠湖苑", "B": "金桂园"},
    "stores": [s.store(n) for n in range(6)],
    "scores": {ORDER.store_id: SCORE},
}
PAGES: dict[str, tuple[str, dict[str, Any]]] = {
    "console-orders": orders_page(),
    "console-order": order_page(),
    "disputes": queue_page(),
    "case-file": case_page("mediating"),
    "precedents": of(
        "precedents",
        text="洒",
        about="",
        abouts=list(disputes.DisputeAbout),
        precedents=[PRECEDENT, PRECEDENT],
        **LISTED,
    ),
    "merchant-stats": of(
        "merchant_stats",
        days=90,
        day_choices=(30, 90, 365),
        community="",
        communities={},
        merchants=[stats(n) for n in range(4)],
        names={s.an_id("merchant", n): s.STORES[n][0] for n in range(3)},
        **LISTED,
    ),
    "review-stores": of("review_stores", **STORES, **LISTED),
    "console-reviews": of(
        "reviews",
        store=s.store(0),
        score=SCORE,
        stars=None,
        hidden=False,
        reviews=REVIEWS,
        refused=REVIEWS[0].order_id,
        **LISTED,
    ),
    "sagas": of("sagas", stuck=True, sagas=SAGAS, saga_words=saga_words, **LISTED),
}
IN_EVERY_MOOD = {"console-orders", "disputes", "case-file"}
MORE: dict[str, tuple[str, dict[str, Any]]] = {
    "disputes-none": queue_page(disputes=[], counts=disputes.DisputeCounts(counts={}, mine=0)),
    "case-file-ruled": case_page("closed", broken_at=5),
    "case-file-waiting": case_page("waiting", money=None, flow=None, comings=None, silent=["门岗"]),
    "case-file-appealed": case_page(
        "appealed", act="decide", faults={"amount": "请写金额，例如 12.50"}
    ),
    "sagas-none": of("sagas", stuck=True, sagas=[], saga_words=saga_words, **LISTED),
    "precedents-none": of(
        "precedents",
        text="钢琴",
        about="",
        abouts=list(disputes.DisputeAbout),
        precedents=[],
        next_href="",
        first_href="",
    ),
}
