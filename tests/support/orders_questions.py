"""Every question that can be put to orders about one household's deals; whom it is answered."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

from services.contracts import after_sales as a
from services.contracts import amendments as n
from services.contracts import disputes as q
from services.contracts import orders as o
from services.contracts import reviews as v
from services.kernel.ids import new_id
from services.kernel.wire import Query
from tests.support.orders import COMMUNITY, NOW
from tests.support.orders_amendments import AmendableStreet
from tests.support.orders_strangers import (
    ELSEWHERE,
    HOME,
    LOOKING,
    MEDIATING,
    NOBODY,
    STORE,
    TWO_SIDES,
    Deals,
    people,
)

Names = frozenset[str]
NONE: Names = frozenset()
EVERYBODY: Names = frozenset(people(AmendableStreet()))
SIGNED_IN = EVERYBODY - {NOBODY}
MANAGER = frozenset({"manager"})
MEDIATING_ELSEWHERE = frozenset(f"{who} elsewhere" for who in MEDIATING)
COUNTING = LOOKING | {"clerk", "building manager"}
COUNTING_ELSEWHERE = frozenset(f"{who} elsewhere" for who in COUNTING)
AUDITING = frozenset({"cashier", "accountant", "manager"})
AUDITING_ELSEWHERE = frozenset(f"{who} elsewhere" for who in AUDITING)
SEEING = TWO_SIDES | LOOKING
BESIDE = ("case_id", "dispute_id", "amendment_id")


class Row(NamedTuple):
    """A question about the deals. `may`: who gets an answer, or hears that it is not the time.
    `blank`: who gets the answer that there is nothing. `open_to`: who may read what tells nothing
    of the household."""

    rpc: str
    ask: Callable[[Deals], Query]
    may: Names
    blank: Names = NONE
    open_to: Names = NONE
    is_beside: bool = False
    """It names an order and something of that order's."""

    @property
    def refused(self) -> Names:
        """Everybody else."""
        return EVERYBODY - self.may - self.blank - self.open_to


def act(kind: type[Any], /, **fields: Any) -> Any:
    """A command with a request of its own."""
    return kind(request_id=new_id(), **fields)


def on_order(rpc: str, kind: type[Any], which: str, may: Names, /, **fields: Any) -> Row:
    """An act on one of the orders."""
    return Row(rpc, lambda d: act(kind, order_id=getattr(d, which), **fields), may)


def beside(rpc: str, kind: type[Any], which: str, may: Names, /, **fields: Any) -> Row:
    """An act on what is open beside an order: an amendment, a case or a dispute."""

    def ask(deals: Deals) -> Query:
        view = getattr(deals, which)
        name = next(name for name in BESIDE if hasattr(view, name))
        return act(kind, order_id=view.order_id, **{name: getattr(view, name)}, **fields)  # type: ignore[no-any-return]

    return Row(rpc, ask, may, is_beside=True)


def group_of(deals: Deals, name: str) -> str:
    """The household, the store, its merchant or the community."""
    street = deals.street
    return {
        "household_id": street.household_id,
        "store_id": street.breakfast.store_id,
        "merchant_id": street.breakfast.merchant_id,
        "community_id": COMMUNITY,
    }[name]


def about(
    rpc: str, kind: type[Any], name: str, may: Names, blank: Names = NONE, /, **fields: Any
) -> Row:
    """A question about a group of people."""
    return Row(rpc, lambda d: kind(**{name: group_of(d, name)}, **fields), may, blank)


COURSE = (
    about("place_orders", o.HouseholdOrdersQuery, "household_id", HOME)._replace(
        ask=lambda d: d.street.wish()
    ),
    on_order("cancel_order", o.CancelOrder, "waiting", TWO_SIDES | MEDIATING, reason="不要了"),
    on_order("confirm_order", o.ConfirmOrder, "waiting", STORE),
    on_order("mark_ready", o.MarkReady, "preparing", STORE),
    on_order("dispatch_order", o.DispatchOrder, "ready", STORE, courier_id=new_id()),
    Row(
        "hand_over",
        lambda d: act(o.HandOver, order_id=d.fetch, code=d.code),
        STORE,
    ),
    on_order("start_service", o.StartService, "scheduled", STORE),
    on_order("finish_service", o.FinishService, "in_service", STORE),
    on_order("confirm_receipt", o.ConfirmReceipt, "delivered", HOME),
    on_order("say", o.Say, "waiting", TWO_SIDES | MEDIATING, text="在吗"),
)

READING = (
    Row("order", lambda d: o.OrderQuery(order_id=d.waiting), SEEING),
    Row("record", lambda d: o.RecordQuery(order_id=d.waiting), SEEING),
    Row("thread", lambda d: o.ThreadQuery(order_id=d.waiting), SEEING),
    about("household_orders", o.HouseholdOrdersQuery, "household_id", HOME | LOOKING, ELSEWHERE),
    about("store_orders", o.StoreOrdersQuery, "store_id", STORE | LOOKING, ELSEWHERE),
    Row("all_orders", lambda d: o.AllOrdersQuery(), LOOKING, ELSEWHERE),
    about("all_orders", o.AllOrdersQuery, "community_id", LOOKING, ELSEWHERE),
    about("all_orders", o.AllOrdersQuery, "merchant_id", LOOKING, ELSEWHERE),
    Row("all_orders", lambda d: o.AllOrdersQuery(text=d.code), LOOKING, ELSEWHERE),
    Row("all_orders", lambda d: o.AllOrdersQuery(text=d.waiting), LOOKING, ELSEWHERE),
    about("counts", o.StateCountsQuery, "household_id", HOME | LOOKING, ELSEWHERE),
    about("counts", o.StateCountsQuery, "store_id", STORE | LOOKING, ELSEWHERE),
    about("counts", o.StateCountsQuery, "community_id", COUNTING, COUNTING_ELSEWHERE),
    about("desk", o.DeskQuery, "store_id", STORE),
    Row(
        "order_by_code",
        lambda d: o.CodeQuery(store_id=d.street.breakfast.store_id, code=d.code),
        STORE,
    ),
    Row(
        "order_by_code",
        lambda d: o.CodeQuery(store_id=d.street.laundry.store_id, code=d.code),
        NONE,
    ),
    Row(
        "taken_slots",
        lambda d: o.TakenSlotsQuery(
            item_id=d.street.clean.item_id, day_from=NOW, day_until=NOW + timedelta(days=7)
        ),
        NONE,
        open_to=EVERYBODY,
    ),
    Row(
        "order_amounts",
        lambda d: o.OrderAmountsQuery(),
        NONE,
        open_to=AUDITING | AUDITING_ELSEWHERE,
    ),
    Row("sagas", lambda d: o.SagasQuery(stuck=False), MANAGER, frozenset({"manager elsewhere"})),
    Row("retry_saga", lambda d: act(o.RetrySaga, saga_id=d.saga_id), MANAGER),
)

AMENDMENTS = (
    on_order(
        "propose_amendment",
        n.ProposeAmendment,
        "preparing",
        STORE,
        deliver_after=NOW + timedelta(hours=3),
        note="晚一点送",
    ),
    beside("answer_amendment", n.AnswerAmendment, "amendment", HOME, accept=True),
    beside("withdraw_amendment", n.WithdrawAmendment, "amendment", STORE),
    Row("amendments", lambda d: n.AmendmentsQuery(order_id=d.amendment.order_id), SEEING),
)

CASES = (
    Row("case", lambda d: a.CaseQuery(case_id=d.requested.case_id), SEEING),
    Row(
        "cases",
        lambda d: a.CasesQuery(order_id=d.requested.order_id),
        SEEING,
        SIGNED_IN - SEEING,
    ),
    about("cases", a.CasesQuery, "household_id", HOME | LOOKING, ELSEWHERE),
    about("cases", a.CasesQuery, "store_id", STORE | LOOKING, ELSEWHERE),
    about("cases", a.CasesQuery, "community_id", LOOKING, ELSEWHERE),
    Row("cases", lambda d: a.CasesQuery(), LOOKING, ELSEWHERE),
    Row("cases", lambda d: a.CasesQuery(text=d.requested.order_id), LOOKING, ELSEWHERE),
    on_order("open_case", a.OpenCase, "delivered", HOME, kind=a.CaseKind.REFUND, reason="洒了一半"),
    beside("accept_offer", a.AcceptOffer, "countered", HOME),
    beside("withdraw_case", a.WithdrawCase, "requested", HOME),
    beside("send_back", a.SendBack, "to_return", HOME),
    beside("confirm_replacement", a.ConfirmReplacement, "replaced", HOME),
    beside("answer_case", a.AnswerCase, "requested", STORE, answer=a.CaseAnswer.AGREE),
    beside("take_back", a.TakeBack, "returning", STORE),
    beside("send_replacement", a.SendReplacement, "to_replace", STORE),
    beside("escalate_case", a.EscalateCase, "rejected", TWO_SIDES),
)

_SPLIT = {"to_resident_fen": 300}
_RULED = {**_SPLIT, "reason": "照片显示破损"}
DISPUTES = (
    on_order("open_dispute", q.OpenDispute, "delivered", TWO_SIDES, about=q.DisputeAbout.DAMAGED),
    beside("propose_split", q.ProposeSplit, "negotiating", TWO_SIDES, **_SPLIT),
    beside("accept_split", q.AcceptSplit, "proposed", TWO_SIDES, **_SPLIT),
    beside("call_mediator", q.CallMediator, "negotiating", TWO_SIDES),
    beside("withdraw_dispute", q.WithdrawDispute, "negotiating", TWO_SIDES),
    beside("accept_ruling", q.AcceptRuling, "ruled", TWO_SIDES),
    beside("appeal_ruling", q.AppealRuling, "ruled", TWO_SIDES, text="没看门禁记录"),
    beside("take_dispute", q.TakeDispute, "called", MEDIATING),
    beside("ask_party", q.AskParty, "taken", MEDIATING, text="怎么回事？"),
    beside("rule_dispute", q.RuleDispute, "taken", MEDIATING, **_RULED),
    beside("pass_to_manager", q.PassToManager, "taken", MEDIATING, reason="金额较大"),
    beside("decide_appeal", q.DecideAppeal, "appealed", MANAGER, **_RULED),
    Row("dispute", lambda d: q.DisputeQuery(dispute_id=d.taken.dispute_id), SEEING),
    about("disputes", q.DisputesQuery, "household_id", HOME | LOOKING, ELSEWHERE),
    about("disputes", q.DisputesQuery, "store_id", STORE | LOOKING, ELSEWHERE),
    about("disputes", q.DisputesQuery, "merchant_id", STORE | LOOKING, ELSEWHERE),
    about("disputes", q.DisputesQuery, "community_id", LOOKING, ELSEWHERE),
    Row("disputes", lambda d: q.DisputesQuery(), LOOKING, ELSEWHERE),
    Row(
        "disputes",
        lambda d: q.DisputesQuery(mine=True),
        frozenset({"mediator"}),
        ELSEWHERE | LOOKING - {"mediator"},
    ),
    about("dispute_counts", q.DisputeCountsQuery, "community_id", MEDIATING, MEDIATING_ELSEWHERE),
    Row("case_file", lambda d: q.CaseFileQuery(dispute_id=d.taken.dispute_id), MEDIATING),
    Row(
        "precedents",
        lambda d: q.PrecedentsQuery(),
        NONE,
        open_to=MEDIATING | MEDIATING_ELSEWHERE,
    ),
    about("merchant_stats", q.MerchantStatsQuery, "merchant_id", STORE | LOOKING),
    about("merchants_stats", q.MerchantsStatsQuery, "community_id", MEDIATING, MEDIATING_ELSEWHERE),
)

REVIEWS = (
    on_order("write_review", v.WriteReview, "completed", HOME, stars=5),
    on_order("answer_review", v.AnswerReview, "reviewed", STORE, text="抱歉"),
    on_order("hide_review", v.HideReview, "reviewed", MEDIATING, hidden=True, reason="辱骂"),
    on_order("hide_review", v.HideReview, "completed", NONE, hidden=True, reason="辱骂"),
    Row("review", lambda d: v.ReviewQuery(order_id=d.reviewed), SEEING),
    Row("review", lambda d: v.ReviewQuery(order_id=d.hidden), SEEING),
    about("reviews", v.ReviewsQuery, "store_id", NONE)._replace(open_to=EVERYBODY),
    about("reviews", v.ReviewsQuery, "store_id", LOOKING, ELSEWHERE, hidden=True),
    Row(
        "store_scores",
        lambda d: v.StoreScoresQuery(store_ids=[d.street.breakfast.store_id]),
        NONE,
        open_to=EVERYBODY,
    ),
)
ROWS = COURSE + READING + AMENDMENTS + CASES + DISPUTES + REVIEWS
