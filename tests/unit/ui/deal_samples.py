"""What the pages of a deal's life are drawn with: a cart, changes, after-sales, a quarrel."""

from datetime import timedelta
from typing import Any

from gateway.h5.cart import Group, Line, Service
from gateway.h5.deals import Deal
from gateway.h5.slots import Day
from gateway.ui import local
from services.contracts import after_sales, amendments, catalog, disputes, orders, reviews
from services.contracts.catalog import Fulfilment
from services.contracts.orders import Party
from tests.unit.ui.samples import NOW, ago, an_id, item, line, order, step_of, store

PHOTOS = ["demo/goods-0.webp", "demo/goods-1.webp"]


def sku_line(number: int, **changes: Any) -> catalog.SkuLine:
    shown = item(number)
    given: dict[str, Any] = {
        "sku_id": shown.skus[0].sku_id,
        "item_id": shown.item_id,
        "store_id": shown.store_id,
        "item_name": shown.name,
        "sku_name": shown.skus[0].name,
        "price_fen": shown.skus[0].price_fen,
        "stock": shown.skus[0].stock,
        "on_shelf": True,
    }
    return catalog.SkuLine(**{**given, **changes})


def goods_group(**changes: Any) -> Group:
    """Two things of the breakfast shop."""
    given: dict[str, Any] = {
        "store": store(0),
        "goods": [Line(sku_line(0), 2), Line(sku_line(1), 4)],
        "ways": [Fulfilment.DELIVERY, Fulfilment.PICKUP],
    }
    return Group(**{**given, **changes})


def service_group(*, full: bool = False) -> Group:
    """Two hours of cleaning, by appointment."""
    cleaning = sku_line(
        3,
        sku_id=an_id("sku", "cleaning"),
        item_name="擦窗（两小时）",
        price_fen=12000,
        slot_minutes=120,
        fulfilments=[Fulfilment.AT_HOME],
    )
    morning = local(NOW).replace(hour=8, minute=0) + timedelta(days=1)
    days = [
        Day([morning + timedelta(days=n, hours=2 * slot) for slot in range(6)]) for n in range(14)
    ]
    service = Service(
        entry=Line(cleaning, 1),
        ways=[Fulfilment.AT_HOME],
        way=Fulfilment.AT_HOME,
        days=[] if full else days,
        starts_at=None if full else days[0].starts[1],
    )
    return Group(store=store(4), services=[service])


def deal(state: str = "preparing", **changes: Any) -> Deal:
    """An order with what is open on it; `order` changes the order itself."""
    changed = changes.pop("order", {})
    return Deal(order=order(state, **changed), **changes)


def of_deal(shown: Deal) -> dict[str, Any]:
    """What the order's page is drawn with."""
    text = f"https://linli.example/h5/merchant/pick-up?code={shown.order.pickup_code}"
    return {"deal": shown, "order": shown.order, "code_text": text}


PICKUP = {
    "fulfilment": "pickup",
    "pickup_code": "40278315",
    "courier_name": "",
    "may": ["say", "open_dispute"],
}
PARTLY = {
    **PICKUP,
    "pickups": [
        orders.PickupView(
            at=ago(6),
            by="陈建国",
            lines=[orders.PickedLine(sku_id=an_id("sku", 0, 0), quantity=1)],
        )
    ],
}
SERVICE = {
    "fulfilment": "at_home",
    "summary": "擦窗（两小时）×1",
    "slot_from": ago(-19 * 60),
    "slot_until": ago(-21 * 60),
    "may": ["say", "open_case"],
}


def in_state(base: str, state: str, **changes: Any) -> orders.OrderView:
    """A state that the ordinary walk does not pass; `base` says how far it came."""
    return order(base, **changes).model_copy(update={"state": orders.OrderState(state)})


def amendment(state: str = "proposed", **changes: Any) -> amendments.AmendmentView:
    before, after = [line(0, 2, 300), line(1, 4, 200)], [line(0, 3, 300), line(3, 1, 500)]
    given: dict[str, Any] = {
        "amendment_id": an_id("amendment"),
        "order_id": an_id("order", "preparing"),
        "state": state,
        "note": "油条卖完了，换成杂粮粥行吗？豆浆多给您算一杯",
        "proposed_at": ago(5),
        "proposed_by": "陈建国",
        "deadline_at": ago(-25),
        "before": before,
        "after": after,
        "before_fen": 1400,
        "after_fen": 1400,
        "may": ["answer_amendment"] if state == "proposed" else [],
    }
    return amendments.AmendmentView(**{**given, **changes})


def dearer(**changes: Any) -> amendments.AmendmentView:
    return amendment(**{"after": [line(0, 5, 300), line(1, 4, 200)], "after_fen": 2300, **changes})


def cheaper(**changes: Any) -> amendments.AmendmentView:
    return amendment(**{"after": [line(0, 2, 300)], "after_fen": 600, **changes})


CASE_MAY = {
    "requested": ["withdraw_case", "escalate_case"],
    "countered": ["accept_offer", "withdraw_case", "escalate_case"],
    "awaiting_return": ["send_back", "withdraw_case"],
    "rejected": ["escalate_case"],
    "replacing": ["confirm_replacement", "escalate_case"],
}
WAITS = {
    "requested": Party.MERCHANT,
    "countered": Party.RESIDENT,
    "awaiting_return": Party.RESIDENT,
    "returning": Party.MERCHANT,
    "replacing": Party.RESIDENT,
}


def case(state: str = "requested", **changes: Any) -> after_sales.CaseView:
    answered = state not in ("requested", "withdrawn")
    given: dict[str, Any] = {
        "case_id": an_id("case"),
        "order_id": an_id("order", "delivered"),
        "number": "#0317",
        "store_id": an_id("store", 0),
        "store_name": "老陈早餐铺",
        "household_id": an_id("household", 1),
        "kind": "exchange" if state == "replacing" else "return",
        "state": state,
        "reason": "有破损或变质；豆浆杯子漏了一半，袋子里都是",
        "lines": [orders.PickedLine(sku_id=an_id("sku", 0, 0), quantity=1)],
        "amount_fen": 0 if state == "replacing" else 300,
        "offered_fen": 150 if state == "countered" else None,
        "refunded_fen": 300 if state == "done" else 0,
        "refund_to": "channel",
        "photos": PHOTOS,
        "opened_at": ago(50),
        "opened_by": "张桂兰",
        "answered_at": ago(20) if answered else None,
        "answer_text": "不好意思，退您一半行吗" if state == "countered" else "",
        "deadline_at": ago(-26 * 60) if state in WAITS else None,
        "waits_for": WAITS.get(state),
        "may": CASE_MAY.get(state, []),
    }
    return after_sales.CaseView(**{**given, **changes})


def of_case(shown: after_sales.CaseView, side: str = "resident", **more: Any) -> dict[str, Any]:
    """What the case's page is drawn with."""
    bought = order("delivered", may=["say"])
    context = {
        "case": shown,
        "order": bought,
        "names": {one.sku_id: f"{one.item_name} {one.sku_name}" for one in bought.lines},
        "side": side,
        "back_href": f"/h5/orders/{bought.order_id}",
        "couriers": [],
        "form": {},
        "faults": {},
    }
    return {**context, **more}


def ruling(to_resident_fen: int = 600, by: str = "孙调解员") -> disputes.RulingView:
    return disputes.RulingView(
        to_resident_fen=to_resident_fen,
        to_merchant_fen=1400 - to_resident_fen,
        refund_to="channel",
        reason="门岗记录 14:05 进东门，照片里杯子已漏。豆浆全退，油条完好，照付。",
        by=by,
        at=ago(10),
    )


DISPUTE_MAY = {
    "negotiating": ["propose_split", "call_mediator", "withdraw_dispute"],
    "waiting": ["propose_split", "withdraw_dispute"],
    "mediating": ["propose_split"],
    "ruled": ["accept_ruling", "appeal_ruling"],
}


def dispute(state: str = "negotiating", **changes: Any) -> disputes.DisputeView:
    ruled = state in ("ruled", "appealed", "executing", "closed")
    given: dict[str, Any] = {
        "dispute_id": an_id("dispute"),
        "order_id": an_id("order", "delivered"),
        "number": "#0317",
        "state": state,
        "about": "damaged",
        "opened_at": ago(26 * 60),
        "opened_by": "resident",
        "store_id": an_id("store", 0),
        "store_name": "老陈早餐铺",
        "merchant_id": an_id("merchant", 0),
        "household_id": an_id("household", 1),
        "community_id": an_id("community"),
        "resident_name": "张**",
        "amount_fen": 1400,
        "frozen_fen": 0 if state == "freezing" else 1400,
        "mediator_name": "孙调解员" if state in ("mediating", "ruled", "appealed") else "",
        "deadline_at": ago(-22 * 60),
        "summary": "现磨豆浆×2 手工油条×4",
        "text": "豆浆漏了一路，袋子里的油条也泡了",
        "wanted_fen": 1400,
        "photos": PHOTOS,
        "ruling": ruling() if ruled else None,
        "outcome_fen": 600 if state == "closed" else None,
        "may": DISPUTE_MAY.get(state, []),
    }
    return disputes.DisputeView(**{**given, **changes})


def said(number: int, party: str, name: str, text: str, **more: Any) -> orders.MessageView:
    return orders.MessageView(
        message_id=an_id("message", number),
        at=ago(90 - 10 * number),
        party=party,
        name=name,
        text=text,
        **more,
    )


THREAD = [
    said(1, "resident", "张桂兰", "豆浆漏了一半，照片在这里", photos=PHOTOS[:1]),
    said(2, "merchant", "陈建国", "出门的时候是好的，路上颠的吧"),
    said(3, "staff", "孙调解员", "请问袋子是怎么封口的？\n有没有别的照片？", to="merchant"),
    said(4, "merchant", "陈建国", "是打结的，没有封口机"),
]


def of_dispute(shown: disputes.DisputeView, side: str = "resident", **more: Any) -> dict[str, Any]:
    """What the quarrel's page is drawn with."""
    context = {
        "dispute": shown,
        "order": order("delivered", may=["say"], trouble="disputed"),
        "side": side,
        "back_href": "/h5/orders/x",
        "messages": THREAD,
        "next_href": "",
        "form": {},
        "faults": {},
    }
    return {**context, **more}


def review(stars: int = 5, **changes: Any) -> reviews.ReviewView:
    given: dict[str, Any] = {
        "order_id": an_id("order", "review", stars),
        "store_id": an_id("store", 0),
        "stars": stars,
        "text": "豆浆很浓，送来还是热的。",
        "author": "张**",
        "summary": "现磨豆浆×2 手工油条×4",
        "written_at": ago(60 * 24 * stars),
    }
    return reviews.ReviewView(**{**given, **changes})


REVIEWS = [
    review(5, photos=PHOTOS),
    review(4, author="匿名邻居", text=""),
    review(2, text="来晚了半小时", answer="那天下雨，下次一定早点出门"),
]


def score(number: int = 0, hundredths: int = 463, votes: int = 38) -> reviews.StoreScore:
    return reviews.StoreScore(
        store_id=an_id("store", number),
        score_hundredths=hundredths,
        votes=votes,
        by_stars=[0, 1, 3, 6, 28],
    )


TROUBLED_STEPS = [
    step_of("case_opened", 50, "resident", "张桂兰", "退货退款 ¥3.00"),
    step_of("case_answered", 20, "merchant", "陈建国", "另提方案 ¥1.50"),
    step_of("reminded", 10, "system", "", ""),
]
