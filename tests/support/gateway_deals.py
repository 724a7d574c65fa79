"""Orders as the pages of a deal's life see it: what it answers unless a test says otherwise."""

import io
from datetime import timedelta
from typing import Any

from services.contracts import after_sales, amendments, catalog, disputes, orders, reviews
from services.contracts.catalog import Fulfilment
from services.contracts.orders import OrderState, Party
from services.kernel.ids import derived_id
from services.kernel.wire import Page
from tests.support.gateway import (
    COMMUNITY,
    HOUSEHOLD,
    ITEM,
    MERCHANT,
    NOW,
    ORDER,
    PAYMENT,
    SKU,
    STORE,
    World,
    jpeg,
    order,
)

AMENDMENT, CASE, DISPUTE, MESSAGE, SERVICE_SKU = (
    derived_id("deal", str(number)) for number in range(5)
)
CODE = "40278315"
ACTS_ON_A_CASE = [
    "answer_case",
    "accept_offer",
    "withdraw_case",
    "send_back",
    "take_back",
    "send_replacement",
    "confirm_replacement",
]
ACTS_ON_A_DISPUTE = [
    "propose_split",
    "accept_split",
    "call_mediator",
    "withdraw_dispute",
    "accept_ruling",
    "appeal_ruling",
]


def amendment(**changed: Any) -> amendments.AmendmentView:
    """Three of them in place of two."""
    given: dict[str, Any] = {
        "amendment_id": AMENDMENT,
        "order_id": ORDER,
        "state": amendments.AmendmentState.PROPOSED,
        "note": "多给一杯",
        "proposed_at": NOW,
        "proposed_by": "陈建国",
        "before": order(OrderState.PREPARING).lines,
        "after": [
            order(OrderState.PREPARING)
            .lines[0]
            .model_copy(update={"quantity": 3, "amount_fen": 900})
        ],
        "before_fen": 600,
        "after_fen": 900,
        "may": ["answer_amendment"],
    }
    return amendments.AmendmentView(**{**given, **changed})


def case(state: str = "requested", *may: str, **changed: Any) -> after_sales.CaseView:
    """One soy milk comes back for 3.00."""
    given: dict[str, Any] = {
        "case_id": CASE,
        "order_id": ORDER,
        "number": "#0317",
        "store_id": STORE,
        "store_name": "老陈早餐",
        "household_id": HOUSEHOLD,
        "kind": "return",
        "state": state,
        "reason": "漏了",
        "lines": [orders.PickedLine(sku_id=SKU, quantity=1)],
        "amount_fen": 300,
        "refund_to": "channel",
        "opened_at": NOW,
        "opened_by": "张小明",
        "may": list(may),
    }
    return after_sales.CaseView(**{**given, **changed})


def dispute(state: str = "negotiating", *may: str, **changed: Any) -> disputes.DisputeView:
    """14.00 are frozen."""
    given: dict[str, Any] = {
        "dispute_id": DISPUTE,
        "order_id": ORDER,
        "number": "#0317",
        "state": state,
        "about": "damaged",
        "opened_at": NOW,
        "opened_by": "resident",
        "store_id": STORE,
        "store_name": "老陈早餐",
        "merchant_id": MERCHANT,
        "household_id": HOUSEHOLD,
        "community_id": COMMUNITY,
        "resident_name": "张**",
        "amount_fen": 1400,
        "frozen_fen": 1400,
        "text": "",
        "may": list(may),
    }
    return disputes.DisputeView(**{**given, **changed})


def message(text: str = "漏了一半", **changed: Any) -> orders.MessageView:
    """A word of the resident's."""
    given: dict[str, Any] = {
        "message_id": MESSAGE,
        "at": NOW,
        "party": Party.RESIDENT,
        "name": "张小明",
        "text": text,
    }
    return orders.MessageView(**{**given, **changed})


def review(**changed: Any) -> reviews.ReviewView:
    """Four stars."""
    given: dict[str, Any] = {
        "order_id": ORDER,
        "store_id": STORE,
        "stars": 4,
        "text": "很浓",
        "author": "张**",
        "summary": "豆浆×2",
        "written_at": NOW,
    }
    return reviews.ReviewView(**{**given, **changed})


def sku_line(**changed: Any) -> catalog.SkuLine:
    """The soy milk in a cart."""
    given: dict[str, Any] = {
        "sku_id": SKU,
        "item_id": ITEM,
        "store_id": STORE,
        "item_name": "豆浆",
        "sku_name": "",
        "price_fen": 300,
        "stock": 9,
        "on_shelf": True,
    }
    return catalog.SkuLine(**{**given, **changed})


def service_line(**changed: Any) -> catalog.SkuLine:
    """An hour of cleaning by appointment, one at a time."""
    given: dict[str, Any] = {
        "sku_id": SERVICE_SKU,
        "item_name": "擦窗",
        "price_fen": 8000,
        "stock": None,
        "fulfilments": [Fulfilment.AT_HOME],
        "slot_minutes": 60,
    }
    return sku_line(**{**given, **changed})


def cart(*lines: catalog.SkuLine) -> catalog.SkuLinesView:
    """What catalog knows of a cart."""
    return catalog.SkuLinesView(lines=list(lines))


def deals_world() -> dict[str, Any]:
    """An order that was delivered, with one of everything that may be open on it."""
    delivered = order(
        OrderState.DELIVERED,
        "confirm_receipt",
        "open_case",
        "open_dispute",
        "say",
        sides=[Party.RESIDENT],
        fulfilment=Fulfilment.DELIVERY,
        paid_at=NOW,
        deadline_at=NOW + timedelta(days=1),
    )
    score = reviews.StoreScore(store_id=STORE, score_hundredths=463, votes=38)
    answers: dict[str, Any] = {
        "order": delivered,
        "amendments": amendments.AmendmentsView(amendments=[amendment()]),
        "answer_amendment": amendment(
            state=amendments.AmendmentState.AWAITING_PAYMENT, payment_id=PAYMENT
        ),
        "case": case(),
        "open_case": case(),
        "dispute": dispute(),
        "open_dispute": dispute(),
        "escalate_case": dispute(),
        "thread": Page[orders.MessageView](items=[message()]),
        "say": message(),
        "review": review(),
        "write_review": review(),
        "reviews": Page[reviews.ReviewView](items=[review()]),
        "store_scores": reviews.StoreScores(scores=[score]),
        "taken_slots": orders.TakenSlots(slots=[]),
    }
    answers |= dict.fromkeys(ACTS_ON_A_CASE, case("done"))
    answers |= dict.fromkeys(ACTS_ON_A_DISPUTE, dispute("closed"))
    return {f"orders.{method}": answer for method, answer in answers.items()}


def answer_with(world: World, method: str, answer: Any) -> None:
    """What orders says to this call from now on."""
    world.services.answers[f"orders.{method}"] = answer


def asked(world: World, method: str) -> Any:
    """The one question that orders heard under this name."""
    [question] = world.services.questions(f"orders.{method}")
    return question


def photo(name: str = "a.jpg", width: int = 80) -> tuple[io.BytesIO, str]:
    """A picture as a form sends it."""
    return io.BytesIO(jpeg(width)), name
