"""Queues, the file that makes itself, precedents, and how often merchants' deals go wrong."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services.contracts.disputes import (
    CaseFileQuery,
    DisputeAbout,
    DisputeCountsQuery,
    DisputesQuery,
    DisputeState,
    DisputeView,
    MerchantsStatsQuery,
    MerchantStatsQuery,
    NoSuchDispute,
    PrecedentsQuery,
    PrecedentView,
)
from services.contracts.orders import NotYourOrder, OrderState
from services.contracts.permissions import Role
from services.kernel.db import Database
from services.kernel.errors import Forbidden, Malformed
from services.kernel.ids import new_id
from services.kernel.wire import Page
from services.orders import precedents
from services.orders.dispute_stats import merchant_stats, merchants_stats
from services.orders.use_cases.disputes.see import case_file, count_disputes, see_disputes
from tests.support.orders import COMMUNITY, NOW, SETTINGS, person
from tests.support.orders_disputes import AFTER_APPEAL, Quarrel

pytestmark = pytest.mark.database
D, S = DisputeState, OrderState


@pytest.fixture
def quarrel(database_of: Callable[[str], Database]) -> Quarrel:
    """A street on an empty database."""
    return Quarrel(database_of("orders"))


def closed(quarrel: Quarrel, to_resident_fen: int, story: str, claim: str = "") -> DisputeView:
    """One that was ruled and carried out."""
    view = quarrel.open(quarrel.order_in(S.DELIVERED), text=claim)
    taken = quarrel.take(quarrel.call(view))
    quarrel.rule(taken, to_resident_fen, precedent=story, reason="依照片判断")
    quarrel.clock(NOW + timedelta(seconds=AFTER_APPEAL))
    return quarrel.see(view)


def test_staff_see_the_oldest_first_and_the_two_their_newest(quarrel: Quarrel) -> None:
    views = [quarrel.opened() for _ in range(3)]
    ids = [view.dispute_id for view in views]
    queue = see_disputes(quarrel.db, DisputesQuery(limit=2), quarrel.mediator)
    assert [one.dispute_id for one in queue.items] == ids[:2]
    rest = see_disputes(quarrel.db, DisputesQuery(after=queue.next_after), quarrel.mediator)
    assert ([one.dispute_id for one in rest.items], rest.next_after) == (ids[2:], None)
    own = DisputesQuery(household_id=quarrel.street.household_id, limit=2)
    page = see_disputes(quarrel.db, own, quarrel.street.resident)
    assert [one.dispute_id for one in page.items] == ids[:0:-1]
    store = DisputesQuery(store_id=quarrel.street.breakfast.store_id)
    assert len(see_disputes(quarrel.db, store, quarrel.street.merchant).items) == 3


def test_the_queue_is_narrowed_by_state_and_to_ones_own(quarrel: Quarrel) -> None:
    quarrel.opened()
    taken = quarrel.taken()
    waiting = DisputesQuery(states=[D.NEGOTIATING])
    assert len(see_disputes(quarrel.db, waiting, quarrel.mediator).items) == 1
    mine = see_disputes(quarrel.db, DisputesQuery(mine=True), quarrel.mediator).items
    assert [one.dispute_id for one in mine] == [taken.dispute_id]
    assert see_disputes(quarrel.db, DisputesQuery(mine=True), quarrel.other_mediator).items == []
    with pytest.raises(Malformed):
        see_disputes(quarrel.db, DisputesQuery(after="岁"), quarrel.mediator)


def test_lists_show_nothing_of_others(quarrel: Quarrel) -> None:
    quarrel.opened()
    street = quarrel.street
    for query in (
        DisputesQuery(),
        DisputesQuery(household_id=street.household_id),
        DisputesQuery(store_id=street.breakfast.store_id),
    ):
        with pytest.raises(NoSuchDispute):
            see_disputes(quarrel.db, query, street.other_merchant)
    elsewhere = person({}, roles=(Role.MEDIATOR,), communities=(new_id(),))
    assert see_disputes(quarrel.db, DisputesQuery(), elsewhere).items == []


def test_counts_for_the_queue(quarrel: Quarrel) -> None:
    quarrel.opened()
    quarrel.waiting()
    quarrel.taken()
    quarrel.withdraw(quarrel.opened())
    counts = count_disputes(quarrel.db, DisputeCountsQuery(), quarrel.mediator)
    assert counts.counts == {D.NEGOTIATING: 1, D.WAITING: 1, D.MEDIATING: 1}
    assert (counts.mine, counts.oldest_waiting_at) == (1, NOW)
    elsewhere = DisputeCountsQuery(community_id=new_id())
    assert count_disputes(quarrel.db, elsewhere, quarrel.mediator).counts == {}


def test_the_case_file_makes_itself(quarrel: Quarrel) -> None:
    closed(quarrel, 500, "豆浆洒了一半，送达照片可见，退一半")
    closed(quarrel, 0, "理发不满意，没有证据")
    view = quarrel.waiting(S.DELIVERED)
    query = CaseFileQuery(dispute_id=view.dispute_id)
    file = case_file(quarrel.db, query, quarrel.mediator, NOW, SETTINGS)
    assert file.dispute.may == ["take_dispute"]
    assert file.record.whole
    assert file.record.order.order_id == view.order_id
    assert [message.text[:4] for message in file.record.messages] == ["提出纠纷", "已申请物"]
    assert file.alike[0].to_resident_fen == 500
    assert (file.merchant.disputes, file.merchant.disputes_open) == (3, 1)
    assert file.brought_ids == [view.order_id]
    elsewhere = person({}, roles=(Role.MEDIATOR,), communities=(new_id(),))
    with pytest.raises(NoSuchDispute):
        case_file(quarrel.db, query, elsewhere, NOW, SETTINGS)


def test_precedents_are_found_by_their_words_the_best_fit_first(quarrel: Quarrel) -> None:
    spilt = closed(quarrel, 500, "豆浆洒了一半，包装破损，退一半")
    cold = closed(quarrel, 200, "送到时已经凉了，包装完好")

    def search(**fields: Any) -> Page[PrecedentView]:
        return precedents.search(quarrel.db, PrecedentsQuery(**fields), quarrel.mediator)

    found = search(text="包装破损")
    assert [one.dispute_id for one in found.items] == [spilt.dispute_id, cold.dispute_id]
    first = search(text="包装破损", limit=1)
    assert first.next_after is not None
    second = search(text="包装破损", limit=1, after=first.next_after)
    assert ([one.dispute_id for one in second.items], second.next_after) == (
        [cold.dispute_id],
        None,
    )
    newest = search()
    assert [one.dispute_id for one in newest.items] == [cold.dispute_id, spilt.dispute_id]
    assert search(limit=1, after=newest.items[0].dispute_id).items[0] == newest.items[1]
    assert search(text="？！").items == []
    assert search(text="包装", about=DisputeAbout.LATE).items == []
    for after in ("x.y", "9999." + spilt.dispute_id, "1.岁"):
        with pytest.raises(Malformed):
            search(text="包装", after=after)
    with pytest.raises(Forbidden):
        precedents.search(quarrel.db, PrecedentsQuery(), quarrel.street.resident)


def test_a_precedent_names_nobody(quarrel: Quarrel) -> None:
    closed(quarrel, 500, "张伟说老陈早餐的豆浆洒了", claim="张伟亲眼所见")
    found = precedents.search(quarrel.db, PrecedentsQuery(), quarrel.mediator).items
    assert found[0].story == "住户说商家的豆浆洒了"
    with quarrel.db.reading() as tx:
        terms = {row.term for row in tx.all(text("SELECT term FROM precedent_term"))}
    assert "亲眼" in terms
    assert not {"张伟", "老陈"} & terms


def test_an_agreement_is_no_precedent(quarrel: Quarrel) -> None:
    view = quarrel.opened(S.DELIVERED)
    quarrel.propose(view, 300)
    quarrel.accept(view, 300)
    assert precedents.search(quarrel.db, PrecedentsQuery(), quarrel.mediator).items == []


def test_statistics_of_a_merchant(quarrel: Quarrel) -> None:
    street = quarrel.street
    quarrel.order_in(S.COMPLETED)
    quarrel.cancel(quarrel.order_in(S.PREPARING), street.merchant)
    quarrel.cancel(quarrel.order_in(S.AWAITING_CONFIRMATION))
    closed(quarrel, 700, "")
    closed(quarrel, 699, "")
    view = quarrel.opened(S.DELIVERED)
    quarrel.accept(quarrel.propose(view, 300), 300)
    quarrel.opened()
    query = MerchantStatsQuery(merchant_id=street.breakfast.merchant_id)
    stats = merchant_stats(quarrel.db, query, street.merchant, NOW)
    assert (stats.orders_completed, stats.orders_cancelled_by_store) == (4, 1)
    assert (stats.disputes, stats.disputes_open, stats.agreed) == (4, 1, 1)
    assert (stats.ruled_for_resident, stats.ruled_for_merchant) == (1, 1)
    assert (stats.cases, stats.answer_minutes) == (0, None)
    assert merchant_stats(quarrel.db, query, quarrel.mediator, NOW) == stats
    later = merchant_stats(quarrel.db, query, street.merchant, NOW + timedelta(days=92))
    assert (later.disputes, later.orders_completed) == (0, 0)


def test_statistics_are_for_the_merchant_and_for_staff_in_reach(quarrel: Quarrel) -> None:
    quarrel.opened()
    query = MerchantStatsQuery(merchant_id=quarrel.street.breakfast.merchant_id)
    elsewhere = person({}, roles=(Role.MEDIATOR,), communities=(new_id(),))
    for actor in (quarrel.street.resident, quarrel.street.other_merchant, elsewhere):
        with pytest.raises(NotYourOrder):
            merchant_stats(quarrel.db, query, actor, NOW)


def test_the_merchants_with_the_most_disputes_come_first(quarrel: Quarrel) -> None:
    street = quarrel.street
    for _ in range(2):
        quarrel.opened()
    placed = quarrel.place({street.wash.sku_id: 1})
    quarrel.pay(placed)
    quarrel.open(placed.orders[0].order_id)
    page = merchants_stats(quarrel.db, MerchantsStatsQuery(limit=1), quarrel.mediator, NOW)
    assert [(one.merchant_id, one.disputes) for one in page.items] == [
        (street.breakfast.merchant_id, 2)
    ]
    query = MerchantsStatsQuery(after=page.next_after, community_id=COMMUNITY)
    rest = merchants_stats(quarrel.db, query, quarrel.mediator, NOW)
    assert [one.merchant_id for one in rest.items] == [street.laundry.merchant_id]
    assert rest.next_after is None
    with pytest.raises(Malformed):
        merchants_stats(quarrel.db, MerchantsStatsQuery(after="."), quarrel.mediator, NOW)
    with pytest.raises(NotYourOrder):
        merchants_stats(quarrel.db, MerchantsStatsQuery(), street.merchant, NOW)
