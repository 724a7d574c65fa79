"""Each page of a deal's life with a sample of what its view would give it."""

from typing import Any

from gateway.h5.deals import Deal
from services.contracts.after_sales import CaseKind
from services.contracts.catalog import SkuView
from services.contracts.disputes import DisputeAbout, DisputeState
from tests.unit.ui import deal_samples as d
from tests.unit.ui import samples as s

Pages = dict[str, tuple[str, dict[str, Any]]]


SWEET = SkuView(sku_id=s.an_id("sku", "sweet"), name="加糖", price_fen=300, stock=5)


def checkout(*groups: Any, **changes: Any) -> tuple[str, dict[str, Any]]:
    context = {
        "household": s.membership(),
        "groups": list(groups),
        "carried": "q.X=2",
        "total_fen": sum(group.amount_fen for group in groups),
        "form": {},
        "faults": {},
    }
    return "h5/resident/checkout.html", {**context, **changes}


def order(shown: Any) -> tuple[str, dict[str, Any]]:
    return "h5/resident/order.html", d.of_deal(shown)


def amendment(shown: Any) -> tuple[str, dict[str, Any]]:
    return "h5/resident/amendment.html", {"order": s.order("preparing"), "amendment": shown}


def case(shown: Any, side: str = "resident", **more: Any) -> tuple[str, dict[str, Any]]:
    return "h5/deal/case.html", d.of_case(shown, side, **more)


def dispute(shown: Any, side: str = "resident", **more: Any) -> tuple[str, dict[str, Any]]:
    return "h5/deal/dispute.html", d.of_dispute(shown, side, **more)


def after_sales(state: str, *kinds: CaseKind, **more: Any) -> tuple[str, dict[str, Any]]:
    context = {
        "order": s.order(state),
        "kinds": list(kinds),
        "kind": kinds[0],
        "others": {s.an_id("sku", 0, 0): [SWEET]},
        "form": {},
        "faults": {},
    }
    return "h5/resident/after_sales.html", {**context, **more}


def orders(tab: str, *entries: Any, **more: Any) -> tuple[str, dict[str, Any]]:
    context = {
        "household": s.membership(),
        "tab": tab,
        "counts": {"pay": 1, "doing": 2, "trouble": 1},
        "orders": list(entries),
        "next_href": None,
    }
    return "h5/resident/orders.html", {**context, **more}


SUPPLEMENT = s.order(
    "awaiting_payment",
    supplement_of=s.an_id("order", "preparing"),
    amount_fen=900,
    summary="补差价",
)

SHOPPING: Pages = {
    "checkout": checkout(d.goods_group()),
    "checkout-fault": checkout(
        d.goods_group(),
        form={"other_address": "小区南门快递柜"},
        faults={
            "remark": "送到别的地方，请在备注里写明原因。",
            s.item(1).skus[0].sku_id: "只剩 2 份了",
        },
    ),
    "checkout-stores": checkout(
        d.goods_group(),
        d.service_group(),
        faults={s.an_id("sku", "cleaning"): "有人快了一步，这个时间已经约满。"},
        changed="有人快了一步，这个时间已经约满。",
    ),
    "checkout-apart": checkout(d.goods_group(ways=[]), d.service_group(full=True)),
    "checkout-none": checkout(),
    "orders": orders(
        "all",
        s.order("awaiting_payment"),
        s.order("preparing", trouble="amending"),
        s.order("out_for_delivery"),
        s.order("ready", **d.PICKUP),
        s.order("completed", trouble="disputed", refunded_fen=300),
        s.order("delivered", **d.SERVICE),
        next_href="?after=x",
    ),
    "orders-none": orders("all"),
    "orders-trouble-none": orders("trouble", counts={}),
    "reviews": (
        "h5/resident/reviews.html",
        {
            "store": s.store(0),
            "score": d.score(),
            "stars": None,
            "reviews": d.REVIEWS,
            "next_href": "?after=x",
            "first_href": "",
        },
    ),
    "reviews-none": (
        "h5/resident/reviews.html",
        {"store": s.store(0), "score": None, "stars": 3, "reviews": []},
    ),
}

ORDERS: Pages = {
    **{f"order-{state}": order(d.deal(state)) for state in s.REACHED},
    "order-pickup": order(d.deal("ready", order=d.PICKUP)),
    "order-partly": order(d.deal("ready", order=d.PARTLY)),
    "order-scheduled": order(Deal(d.in_state("preparing", "scheduled", **d.SERVICE))),
    "order-served": order(
        d.deal("delivered", order={**d.SERVICE, "may": ["confirm_receipt", "open_case", "say"]})
    ),
    "order-late": order(
        d.deal("preparing", order={"late": True, "may": ["cancel", "say", "open_dispute"]})
    ),
    "order-amending": order(
        d.deal("preparing", order={"trouble": "amending"}, amendment=d.amendment())
    ),
    "order-supplement": order(
        d.deal(
            "preparing",
            order={"trouble": "amending"},
            amendment=d.dearer(state="awaiting_payment"),
            supplements=(SUPPLEMENT.model_copy(update={"may": ["pay"]}),),
        )
    ),
    "order-pays-difference": order(Deal(SUPPLEMENT)),
    "order-case": order(
        d.deal("delivered", order={"trouble": "after_sale"}, case=d.case("countered"))
    ),
    "order-disputed": order(
        d.deal(
            "delivered",
            order={"trouble": "disputed", "may": ["say"]},
            dispute=d.dispute("ruled"),
            case=d.case("escalated"),
        )
    ),
    "order-partly-refunded": order(
        d.deal(
            "completed",
            order={
                "refunded_fen": 300,
                "may": ["review", "open_case", "open_dispute"],
                "timeline": s.order("completed").timeline + d.TROUBLED_STEPS,
            },
            case=d.case("done"),
        )
    ),
    "order-ended": order(
        d.deal(
            "completed",
            order={"refunded_fen": 1400, "refunded_at": s.ago(1), "reviewed_at": s.ago(0)},
            dispute=d.dispute("closed", outcome_fen=1400),
        )
    ),
}

CHANGES: Pages = {
    "amendment": amendment(d.amendment()),
    "amendment-dearer": amendment(d.dearer()),
    "amendment-cheaper": amendment(d.cheaper(slot_from=s.ago(-1500))),
    "amendment-pay": amendment(
        d.dearer(state="awaiting_payment", payment_id=s.an_id("payment"), may=["pay"])
    ),
    "amendment-over": amendment(d.amendment("failed", why_over="杂粮粥刚刚卖完")),
    "after-sales": after_sales("delivered", CaseKind.REFUND, CaseKind.RETURN, CaseKind.EXCHANGE),
    "after-sales-fault": after_sales(
        "delivered",
        CaseKind.REFUND,
        CaseKind.RETURN,
        form={"amount": "99", "reason": "少了东西"},
        faults={"amount_fen": "填的金额比还剩下的多", "lines": "请选是哪几件"},
    ),
    "after-sales-cancel": after_sales("preparing", CaseKind.CANCEL),
    "cancel-late": (
        "h5/cancel.html",
        {"order": s.order("preparing", late=True), "side": "resident", "form": {}, "faults": {}},
    ),
}

CASES: Pages = {
    **{
        f"case-{state}": case(d.case(state))
        for state in ("requested", "countered", "awaiting_return", "replacing", "rejected", "done")
    },
    "case-answer": case(
        d.case(may=["answer_case"]),
        "merchant",
        tried="answer",
        form={"answer": "reject"},
        faults={"text": "请写明原因，居民会看到"},
    ),
    "case-take-back": case(d.case("returning", may=["take_back"]), "merchant"),
    "case-send-new": case(
        d.case("replacing", may=["send_replacement"], waits_for="merchant"),
        "merchant",
        couriers=[s.courier(0), s.courier(1)],
    ),
    "case-replaced": case(
        d.case(
            "replacing",
            waits_for="resident",
            replacement=[{"sku_id": s.an_id("sku", "sweet"), "quantity": 1}],
        ),
        "merchant",
    ),
    "case-countered-waits": case(
        d.case("countered", may=["answer_case"], waits_for="resident"), "merchant"
    ),
    "case-over": case(d.case("expired", why_over="没有在时间内退回")),
}

DISPUTES: Pages = {
    "dispute-new": (
        "h5/deal/dispute_new.html",
        {
            "order": s.order("delivered"),
            "side": "resident",
            "back_href": "/h5/orders/x",
            "abouts": list(DisputeAbout),
            "form": {},
            "faults": {},
        },
    ),
    **{f"dispute-{state.value}": dispute(d.dispute(state.value)) for state in DisputeState},
    "dispute-proposed": dispute(
        d.dispute(
            proposal_fen=600,
            proposal_by="merchant",
            proposal_text="豆浆退一半，油条照付",
            may=["accept_split", "propose_split", "call_mediator", "withdraw_dispute"],
        ),
        tried="propose",
        form={"share": "99"},
        faults={"share": "不能超过冻结的钱"},
    ),
    "dispute-asked": dispute(d.dispute("mediating", asked=["merchant"], may=[]), "merchant"),
    "dispute-appeal": dispute(
        d.dispute(
            "appealed",
            accepted_by=["merchant"],
            appeal_by="resident",
            appeal_text="油条也泡了，不能照付",
            may=[],
        )
    ),
    "dispute-taken-back": dispute(
        d.dispute("closed", taken_back_fen=400, owed_fen=200, final=d.ruling(600, "周经理"))
    ),
    "talk": (
        "h5/deal/talk.html",
        {
            "order": s.order("preparing", may=["say"]),
            "side": "resident",
            "back_href": "/h5/orders/x",
            "about": "change",
            "messages": d.THREAD[:2],
            "next_href": "",
            "form": {},
            "faults": {},
        },
    ),
    "talk-merchant": (
        "h5/deal/talk.html",
        {
            "order": s.order("preparing", may=["say"]),
            "side": "merchant",
            "back_href": "/h5/merchant/orders/x",
            "about": "",
            "messages": d.THREAD,
            "next_href": "?after=x",
            "form": {},
            "faults": {"text": "请写一句话，或者选一张照片"},
        },
    ),
    "review": (
        "h5/resident/review.html",
        {
            "order": s.order("completed", may=["review"]),
            "review": None,
            "form": {},
            "faults": {"stars": "请点几颗星"},
        },
    ),
    "review-written": (
        "h5/resident/review.html",
        {
            "order": s.order("completed"),
            "review": d.review(2, answer="下次注意", hidden=True, hidden_reason="写了别人的电话"),
        },
    ),
}

EVERY: Pages = {**SHOPPING, **ORDERS, **CHANGES, **CASES, **DISPUTES}
LOOKED_AT = {
    "checkout-stores",
    "orders",
    "reviews",
    "order-supplement",
    "order-partly",
    "order-disputed",
    "amendment-dearer",
    "after-sales-fault",
    "cancel-late",
    "case-answer",
    "dispute-new",
    "dispute-proposed",
    "dispute-ruled",
    "talk-merchant",
    "review",
}
IN_EVERY_MOOD = {"checkout-stores", "order-partly", "case-answer", "dispute-proposed"}
"""The most different ones, which are seen in the dark and in large letters, too."""
DEALS: Pages = {name: page for name, page in EVERY.items() if name in LOOKED_AT}
DEALS_ALIKE: Pages = {name: page for name, page in EVERY.items() if name not in LOOKED_AT}
"""Drawn and read as all the others, but not looked at in a browser: each has a sister that is."""
