"""What the services answer to a shop's pages: a desk, its orders, their troubles."""

from typing import Any

from services.contracts import after_sales, amendments, catalog, disputes, orders, reviews
from services.contracts.settlement import FundView, OwnerKind
from services.kernel.ids import derived_id
from tests.support.gateway import (
    COMMUNITY,
    HOUSEHOLD,
    ITEM,
    MERCHANT,
    NOW,
    ORDER,
    SKU,
    STORE,
    FakeServices,
    order,
    page,
)

OTHER_SKU, AMENDMENT, CASE, DISPUTE = (
    derived_id("OTHER_SKU"),
    derived_id("AMENDMENT"),
    derived_id("CASE"),
    derived_id("DISPUTE"),
)
CODE = "40718826"
STAMP = "stamp-1"


def desk(stamp: str = STAMP, **changed: Any) -> orders.DeskView:
    """Two new orders, one being packed, one late."""
    values: dict[str, Any] = {
        "stamp": stamp,
        "counts": {
            orders.OrderState.AWAITING_CONFIRMATION: 2,
            orders.OrderState.PREPARING: 1,
            orders.OrderState.READY: 1,
            orders.OrderState.IN_SERVICE: 1,
        },
        "troubles": {orders.Trouble.AFTER_SALE: 1},
        "late": 1,
        "newest_new": ORDER,
    }
    return orders.DeskView(**{**values, **changed})


def numbered(*numbers: str, **changed: Any) -> Any:
    """One page of orders with these numbers."""
    state = changed.pop("state", orders.OrderState.AWAITING_CONFIRMATION)
    shown = [
        order(state, order_id=derived_id("numbered", number), number=number, **changed)
        for number in numbers
    ]
    return page(*shown)


def fetched(**changed: Any) -> orders.OrderView:
    """An order that waits to be fetched: two of one thing."""
    values = {"fulfilment": catalog.Fulfilment.PICKUP, **changed}
    return order(orders.OrderState.READY, "hand_over", **values)


def handed_over(quantity: int) -> orders.PickupView:
    """So many were given out before."""
    line = orders.PickedLine(sku_id=SKU, quantity=quantity)
    return orders.PickupView(at=NOW, by="陈建国", lines=[line])


def amendment(state: str = "proposed") -> amendments.AmendmentView:
    """One that takes a thing away."""
    line = order(orders.OrderState.PREPARING).lines[0]
    return amendments.AmendmentView(
        amendment_id=AMENDMENT,
        order_id=ORDER,
        state=amendments.AmendmentState(state),
        note="只剩一杯了",
        proposed_at=NOW,
        proposed_by="陈建国",
        before=[line],
        after=[line.model_copy(update={"quantity": 1, "amount_fen": 300})],
        before_fen=600,
        after_fen=300,
        may=["withdraw_amendment"],
    )


def case(**changed: Any) -> after_sales.CaseView:
    """A refund that waits for the shop."""
    values: dict[str, Any] = {
        "case_id": CASE,
        "order_id": ORDER,
        "number": "#0317",
        "store_id": STORE,
        "store_name": "老陈早餐",
        "household_id": HOUSEHOLD,
        "kind": after_sales.CaseKind.REFUND,
        "state": after_sales.CaseState.REQUESTED,
        "reason": "豆浆洒了",
        "lines": [],
        "amount_fen": 600,
        "refund_to": orders.RefundTo.CHANNEL,
        "opened_at": NOW,
        "opened_by": "张小明",
        "waits_for": orders.Party.MERCHANT,
        "may": ["answer_case"],
    }
    return after_sales.CaseView(**{**values, **changed})


def dispute() -> disputes.DisputeView:
    """One that the two still talk about."""
    return disputes.DisputeView(
        dispute_id=DISPUTE,
        order_id=ORDER,
        number="#0317",
        state=disputes.DisputeState.NEGOTIATING,
        about=disputes.DisputeAbout.DAMAGED,
        opened_at=NOW,
        opened_by=orders.Party.RESIDENT,
        store_id=STORE,
        store_name="老陈早餐",
        merchant_id=MERCHANT,
        household_id=HOUSEHOLD,
        community_id=COMMUNITY,
        resident_name="张**",
        amount_fen=1400,
        frozen_fen=1400,
        text="豆浆洒了",
    )


def review(**changed: Any) -> reviews.ReviewView:
    """Four stars, not answered."""
    values: dict[str, Any] = {
        "order_id": ORDER,
        "store_id": STORE,
        "stars": 4,
        "text": "油条有点软",
        "author": "张**",
        "summary": "豆浆×2",
        "written_at": NOW,
    }
    return reviews.ReviewView(**{**values, **changed})


def stats() -> disputes.MerchantStats:
    """A shop that is mostly at peace."""
    return disputes.MerchantStats(
        merchant_id=MERCHANT,
        days=90,
        orders_completed=412,
        orders_cancelled_by_store=3,
        cases=7,
        disputes=2,
        disputes_open=1,
        ruled_for_resident=1,
        ruled_for_merchant=0,
        agreed=0,
        refunded_fen=5200,
    )


def shelf() -> Any:
    """What is ordered, and one thing more."""
    item = catalog.ItemView(
        item_id=ITEM,
        store_id=STORE,
        category="早餐",
        kind=catalog.ItemKind.GOODS,
        name="杂粮粥",
        on_shelf=True,
        skus=[catalog.SkuView(sku_id=OTHER_SKU, name="大碗", price_fen=500, stock=9)],
    )
    return page(item)


def desk_world(services: FakeServices) -> None:
    """Put the answers in."""
    score = reviews.StoreScore(store_id=STORE, score_hundredths=447, votes=23)
    services.answers |= {
        "orders.desk": desk(),
        "orders.store_orders": numbered("#0318", "#0317"),
        "orders.order_by_code": fetched(),
        "orders.hand_over": fetched(),
        "orders.start_service": order(orders.OrderState.IN_SERVICE),
        "orders.finish_service": order(orders.OrderState.DELIVERED),
        "orders.amendments": amendments.AmendmentsView(amendments=[amendment()]),
        "orders.propose_amendment": amendment(),
        "orders.withdraw_amendment": amendment("withdrawn"),
        "orders.case": case(),
        "orders.cases": page(case()),
        "orders.dispute": dispute(),
        "orders.reviews": page(review()),
        "orders.answer_review": review(answer="谢谢"),
        "orders.store_scores": reviews.StoreScores(scores=[score]),
        "orders.merchant_stats": stats(),
        "catalog.items": shelf(),
        "settlement.fund": FundView(
            owner_kind=OwnerKind.MERCHANT, owner_id=MERCHANT, balance_fen=5, lines=[]
        ),
    }
