"""A dispute over a whole deal: what was open before it, and the supplements that belong to it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from services.contracts.after_sales import CaseKind, CaseState, NotForThisOrder
from services.contracts.amendments import AmendmentsQuery, AmendmentState, ProposeAmendment
from services.contracts.disputes import (
    CaseFileQuery,
    DisputeState,
    MerchantStatsQuery,
    WrongDisputeState,
)
from services.contracts.orders import OrderState, Party, Trouble, WrongState
from services.contracts.settlement import EscrowState, FreezeOrder, WayNotOpen
from services.kernel.db import Database
from services.kernel.ids import new_id
from services.kernel.wire import View
from services.orders.dispute_stats import merchant_stats
from services.orders.use_cases.amendments.propose import propose_amendment
from services.orders.use_cases.amendments.see import amendments
from services.orders.use_cases.disputes.see import case_file
from tests.support.orders import NOW, SETTINGS, told_events
from tests.support.orders_cases import Cases, CaseServices
from tests.support.orders_disputes import Quarrel, QuarrelServices

pytestmark = pytest.mark.database
D, S, E = DisputeState, OrderState, EscrowState


class DealServices(QuarrelServices, CaseServices):
    """Settlement's escrow and its refunds, and a catalog that is asked for goods."""

    refused_freezes: set[str] = set()

    def settlement_freeze_order(self, command: FreezeOrder) -> View:
        if command.order_id in self.refused_freezes:
            raise WayNotOpen
        return super().settlement_freeze_order(command)


class Deal(Quarrel):
    """A quarrel on the same street as its cases."""

    def __init__(self, db: Database) -> None:
        super().__init__(db)
        self.cases = Cases(db)
        self.street = self.cases.street
        self.deals = DealServices(self.street)
        self.services = self.cases.services = self.cases.walk.services = self.deals
        self.mediator = self.street.mediator

    def with_supplement(self, state: OrderState = S.DELIVERED) -> tuple[str, str]:
        """An order of ¥14, delivered or in `state`, with a paid supplement of ¥3."""
        order_id = self.order_in(state)
        return order_id, self.cases.supplement(order_id, 300)

    def given_back(self) -> dict[str, Any]:
        """Of each order that was told to be done, whether all of its money had gone back."""
        events = told_events(self.db)
        return {
            data["aggregate_id"]: data["given_back"]
            for name, data in events
            if name == "order.completed"
        }


@pytest.fixture
def deal(database_of: Callable[[str], Database]) -> Deal:
    """A street on an empty database."""
    return Deal(database_of("orders"))


def test_a_dispute_takes_over_from_an_open_case(deal: Deal) -> None:
    order_id = deal.order_in(S.DELIVERED)
    case = deal.cases.open(order_id)
    view = deal.open(order_id, deal.street.merchant)
    assert (view.state, view.opened_by) == (D.NEGOTIATING, Party.MERCHANT)
    assert deal.cases.see(case).state is CaseState.ESCALATED
    assert deal.view(order_id).trouble is Trouble.DISPUTED
    query = CaseFileQuery(dispute_id=view.dispute_id)
    file = case_file(deal.db, query, deal.mediator, NOW, SETTINGS)
    assert [one.case_id for one in file.cases] == [case.case_id]
    assert file.record.whole


def test_a_dispute_takes_over_from_a_proposed_amendment(deal: Deal) -> None:
    order_id = deal.order_in(S.PREPARING)
    wish = ProposeAmendment(
        request_id=new_id(), order_id=order_id, deliver_after=NOW + timedelta(days=1), note="晚一天"
    )
    propose_amendment(deal.db, deal.services, wish, deal.street.merchant, NOW, SETTINGS)
    assert deal.open(order_id).state is D.NEGOTIATING
    query = AmendmentsQuery(order_id=order_id)
    (kept,) = amendments(deal.db, query, deal.street.resident, NOW).amendments
    assert kept.state is AmendmentState.WITHDRAWN
    assert deal.view(order_id).trouble is Trouble.DISPUTED


def test_an_escalated_case_is_a_dispute_like_any_other(deal: Deal) -> None:
    case = deal.cases.reject(deal.cases.open(deal.order_in(S.DELIVERED)))
    view = deal.cases.escalate(case)
    assert (view.state, view.about.value) == (D.NEGOTIATING, "after_sale")
    deal.propose(view, 200)
    assert deal.accept(view, 200).state is D.CLOSED


def test_the_residents_share_comes_from_the_order_first_then_from_its_supplement(
    deal: Deal,
) -> None:
    order_id, small_id = deal.with_supplement()
    view = deal.open(order_id)
    assert (view.amount_fen, view.frozen_fen) == (1700, 1700)
    deal.propose(view, 1500)
    assert deal.accept(view, 1500).outcome_fen == 1500
    main, small = deal.services.escrow(order_id), deal.services.escrow(small_id)
    assert (main.to_resident_fen, main.to_merchant_fen) == (1400, 0)
    assert (small.to_resident_fen, small.to_merchant_fen) == (100, 200)
    assert deal.given_back() == {order_id: True, small_id: False}
    assert deal.view(small_id).state is S.COMPLETED


def test_before_it_is_handed_over_a_deal_is_off_when_all_of_its_money_goes_back(
    deal: Deal,
) -> None:
    order_id, small_id = deal.with_supplement(S.PREPARING)
    view = deal.open(order_id)
    deal.propose(view, 1700)
    deal.accept(view, 1700)
    assert {deal.view(one).state for one in (order_id, small_id)} == {S.CANCELLED}
    off = [data for name, data in told_events(deal.db) if name == "order.cancelled"]
    assert [(data["aggregate_id"], data["given_back"]) for data in off] == [
        (order_id, True),
        (small_id, True),
    ]


def test_a_deal_of_which_the_store_keeps_a_part_is_done(deal: Deal) -> None:
    order_id, small_id = deal.with_supplement(S.PREPARING)
    view = deal.open(order_id)
    deal.propose(view, 1400)
    deal.accept(view, 1400)
    assert {deal.view(one).state for one in (order_id, small_id)} == {S.COMPLETED}
    assert deal.given_back() == {order_id: True, small_id: False}


def test_a_dispute_that_is_let_be_thaws_all_of_the_deal(deal: Deal) -> None:
    order_id, small_id = deal.with_supplement()
    deal.withdraw(deal.open(order_id))
    assert {deal.services.escrow(one).state for one in (order_id, small_id)} == {E.HELD}
    assert deal.view(small_id).state is S.PREPARING


def test_what_was_frozen_thaws_when_the_rest_cannot_be(deal: Deal) -> None:
    order_id, small_id = deal.with_supplement()
    deal.deals.refused_freezes = {small_id}
    with pytest.raises(WayNotOpen):
        deal.open(order_id)
    assert deal.services.escrow(order_id).state is E.HELD
    assert deal.view(order_id).trouble is Trouble.NONE


def test_an_order_whose_own_money_has_gone_back_is_disputed_for_its_supplement(
    deal: Deal,
) -> None:
    order_id, small_id = deal.with_supplement()
    deal.services.escrow(order_id).state = E.REFUNDED
    view = deal.open(order_id)
    assert (view.state, view.frozen_fen) == (D.NEGOTIATING, 300)
    deal.propose(view, 300)
    deal.accept(view, 300)
    assert deal.given_back() == {order_id: True, small_id: True}


def test_a_supplement_is_disputed_with_its_main_order(deal: Deal) -> None:
    _, small_id = deal.with_supplement()
    assert "open_dispute" not in deal.view(small_id).may


def test_how_long_a_store_takes_to_answer_is_counted(deal: Deal) -> None:
    for _ in range(2):
        deal.cases.reject(deal.cases.open(deal.order_in(S.DELIVERED), now=NOW - timedelta(hours=1)))
    query = MerchantStatsQuery(merchant_id=deal.street.breakfast.merchant_id)
    stats = merchant_stats(deal.db, query, deal.street.merchant, NOW)
    assert (stats.cases, stats.answer_minutes) == (2, 60)


def test_a_decided_quarrel_is_not_opened_again_by_a_no_of_before(deal: Deal) -> None:
    case = deal.cases.reject(deal.cases.open(deal.order_in(S.COMPLETED)))
    view = deal.open(case.order_id)
    deal.propose(view, 200)
    deal.accept(view, 200)
    with pytest.raises(WrongDisputeState) as refused:
        deal.cases.escalate(case)
    assert refused.value.fields == {"state": D.CLOSED}
    assert deal.cases.see(case).state is CaseState.REJECTED
    assert deal.view(case.order_id).trouble is Trouble.NONE


def test_a_decided_quarrel_does_not_go_on_as_after_sales(deal: Deal) -> None:
    order_id = deal.order_in(S.DELIVERED)
    view = deal.open(order_id)
    deal.propose(view, 0)
    deal.accept(view, 0)
    assert "open_case" not in deal.view(order_id).may
    with pytest.raises(NotForThisOrder) as refused:
        deal.cases.open(order_id)
    assert refused.value.fields == {"why": "decided", "state": S.COMPLETED}


def test_what_was_let_be_may_still_be_asked_for(deal: Deal) -> None:
    order_id = deal.order_in(S.DELIVERED)
    deal.withdraw(deal.open(order_id))
    assert "open_case" in deal.view(order_id).may
    assert deal.cases.open(order_id).state is CaseState.REQUESTED


def test_a_no_about_an_order_that_is_off_since_leads_to_no_dispute(deal: Deal) -> None:
    case = deal.cases.reject(deal.cases.open(deal.order_in(S.PREPARING), CaseKind.CANCEL))
    deal.cancel(case.order_id, deal.street.merchant)
    with pytest.raises(WrongState) as refused:
        deal.cases.escalate(case)
    assert refused.value.fields == {"state": S.CANCELLED}
    assert deal.view(case.order_id).trouble is Trouble.NONE
    assert not deal.services.named("settlement_freeze_order")
