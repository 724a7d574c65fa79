"""What is beside the course of an order, when one thing follows upon another."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from services.contracts.after_sales import CaseKind, CaseState
from services.contracts.amendments import AmendmentState
from services.contracts.catalog import StockShort
from services.contracts.orders import OrderState, Trouble
from services.kernel.db import Database
from services.orders.locks import order_for_update, saga_for_update
from services.orders.queries import timeline_of
from services.orders.queries_amendments import need_amendment
from services.orders.sagas.amend import saga_id_of
from services.orders.use_cases.cancel_order import cancel_short_order
from services.orders.use_cases.dispatch_order import finish_handovers
from services.orders.use_cases.pass_deadlines import pass_deadlines
from tests.integration.orders.test_orders_locks import wait_for_rivals
from tests.support.orders import NOW, SETTINGS, told_events
from tests.support.orders_amendments import Amending, AmendingServices
from tests.support.orders_cases import Cases, CaseServices
from tests.support.orders_disputes import Quarrel

pytestmark = pytest.mark.database
S = OrderState
DAY = timedelta(days=1)


class DealServices(CaseServices, AmendingServices):
    """A shelf for amendments, and a settlement as after-sales know it."""


class Deals(Amending):
    """Orders that are amended first, and about which somebody asks something afterwards."""

    def __init__(self, db: Database) -> None:
        super().__init__(db)
        self.cases = Cases(db)
        self.deals = DealServices(self.street)
        self.cases.street = self.cases.walk.street = self.street
        self.services = self.cases.services = self.cases.walk.services = self.deals
        self.cases.resident, self.cases.merchant = self.street.resident, self.street.merchant

    def given_to(self, order_id: str) -> int:
        """What went back of an order."""
        return self.deals.given_fen(order_id)

    def dearer_then_cheaper(self) -> tuple[str, str]:
        """An order of ¥14, ¥17 with its supplement, then ¥10: ¥7 are on their way back."""
        order = self.order()
        soy, stick = self.street.soy.sku_id, self.street.stick.sku_id
        more = self.answer(self.propose(order.order_id, {soy: 3, stick: 4}))
        self.pay(more.payment_id or "")
        self.sweep()
        assert self.see(more).state is AmendmentState.DONE
        less = self.answer(self.propose(order.order_id, {soy: 2, stick: 2}))
        assert less.state is AmendmentState.DONE
        (small,) = self.supplements(order.order_id)
        assert (self.given_to(small.order_id), self.given_to(order.order_id)) == (300, 400)
        return order.order_id, small.order_id


@pytest.fixture
def deals(database_of: Callable[[str], Database]) -> Deals:
    """A street on an empty database."""
    return Deals(database_of("orders"))


@pytest.fixture
def quarrel(database_of: Callable[[str], Database]) -> Quarrel:
    """A street on an empty database."""
    return Quarrel(database_of("orders"))


def test_what_an_amendment_gives_back_is_not_asked_for_again_while_it_is_on_its_way(
    deals: Deals,
) -> None:
    order_id, small_id = deals.dearer_then_cheaper()
    walk = deals.cases.walk
    walk.confirm(order_id)
    walk.dispatch(order_id)
    walk.deliver(order_id)
    case = deals.cases.open(order_id)
    assert case.amount_fen == 1000
    done = deals.cases.answer(case)
    assert (done.state, done.refunded_fen) == (CaseState.DONE, 1000)
    assert (deals.given_to(small_id), deals.given_to(order_id)) == (300, 1400)
    ended = deals.now_is(order_id)
    assert (ended.state, ended.trouble) == (S.COMPLETED, Trouble.NONE)  # nothing of it is left


def test_what_a_case_gave_back_is_not_given_back_by_an_amendment_again(deals: Deals) -> None:
    order = deals.order()
    deals.confirm(order.order_id)
    case = deals.cases.open(order.order_id, CaseKind.CANCEL)
    deals.cases.accept(deals.cases.offer(case, 600))
    less = deals.answer(deals.propose(order.order_id, {deals.street.soy.sku_id: 1}))
    assert less.state is AmendmentState.DONE
    assert deals.given_to(order.order_id) == 1400
    given = [command.amount_fen for command in deals.services.named("settlement_refund_order")]
    assert given == [600, 800]


def test_an_order_that_was_late_is_on_time_again_once_another_time_is_agreed(deals: Deals) -> None:
    order = deals.order()
    deals.confirm(order.order_id)
    late_at = deals.now_is(order.order_id).deadline_at
    assert late_at is not None
    pass_deadlines(deals.db, deals.services, late_at, SETTINGS)
    assert deals.now_is(order.order_id).late
    wanted_at = late_at + 7 * DAY
    proposed = deals.propose(order.order_id, deliver_after=wanted_at, now=late_at)
    deals.answer(proposed, now=late_at)
    agreed = deals.now_is(order.order_id)
    assert (agreed.late, agreed.deadline_at) == (
        False,
        wanted_at + timedelta(seconds=SETTINGS.unready_after_s),
    )
    assert "cancel" not in deals.view(order.order_id, now=late_at).may
    assert pass_deadlines(deals.db, deals.services, wanted_at, SETTINGS) == 0


def test_an_order_that_was_late_stays_late_when_only_its_goods_change(deals: Deals) -> None:
    order = deals.order()
    deals.confirm(order.order_id)
    late_at = deals.now_is(order.order_id).deadline_at
    assert late_at is not None
    pass_deadlines(deals.db, deals.services, late_at, SETTINGS)
    deals.answer(deals.propose(order.order_id, {deals.street.soy.sku_id: 2}, now=late_at))
    assert deals.now_is(order.order_id).late


def test_while_the_two_quarrel_no_courier_is_asked_by_the_clock(quarrel: Quarrel) -> None:
    order_id = quarrel.order_in(S.READY)
    quarrel.services.faults["delivery_assign_drop"] = TimeoutError("cut off")
    with pytest.raises(TimeoutError):
        quarrel.dispatch(order_id)
    del quarrel.services.faults["delivery_assign_drop"]
    view = quarrel.open(order_id)
    later = NOW + timedelta(minutes=1)
    finish_handovers(quarrel.db, quarrel.services, later, SETTINGS)
    assert not quarrel.services.drops
    quarrel.withdraw(view)
    finish_handovers(quarrel.db, quarrel.services, later, SETTINGS)
    assert quarrel.view(order_id).state is S.OUT_FOR_DELIVERY


def test_a_difference_and_its_amendment_are_locked_in_one_order(deals: Deals) -> None:
    order = deals.order()
    waiting = deals.answer(deals.propose(order.order_id))
    deals.pay(waiting.payment_id or "")
    (small,) = deals.supplements(order.order_id)
    with ThreadPoolExecutor(1) as pool:
        with deals.db.transaction() as tx:
            order_for_update(tx, small.order_id)
            amendment = need_amendment(tx, order.order_id, waiting.amendment_id)
            sweep = pool.submit(deals.sweep)
            wait_for_rivals(deals, 1)
            assert saga_for_update(tx, saga_id_of(amendment))
        sweep.result()
    assert deals.see(waiting).state is AmendmentState.DONE


def test_the_store_hears_that_pieces_are_sold_while_the_two_quarrel(quarrel: Quarrel) -> None:
    view = quarrel.opened()
    heard_short(quarrel.db, view.order_id)
    assert quarrel.view(view.order_id).state is S.PREPARING
    assert quarrel.see(view).state is view.state


def test_the_store_hears_that_pieces_are_sold_while_a_change_is_agreed(deals: Deals) -> None:
    order = deals.order()
    waiting = deals.answer(deals.propose(order.order_id))
    assert waiting.state is AmendmentState.AWAITING_PAYMENT
    heard_short(deals.db, order.order_id)
    assert deals.see(waiting).state is AmendmentState.AWAITING_PAYMENT


def heard_short(db: Database, order_id: str) -> None:
    """The pieces are sold to somebody else; that is noted, and the store alone is told."""
    with db.transaction() as tx:
        cancel_short_order(tx, StockShort(aggregate_id=order_id, version=1, sku_ids=[]), NOW)
    with db.reading() as tx:
        assert timeline_of(tx, order_id)[-1].step == "stock_short"
    name, data = told_events(db)[-1]
    assert (name, data["what"], data["to"]) == ("order.trouble", "stock_short", ["merchant"])
    assert data["words"]


def test_an_order_whose_pieces_are_sold_is_off_though_a_change_was_proposed(deals: Deals) -> None:
    order = deals.order()
    proposed = deals.propose(order.order_id)
    sold = StockShort(aggregate_id=order.order_id, version=1, sku_ids=order.sku_ids)
    with deals.db.transaction() as tx:
        cancel_short_order(tx, sold, NOW)
    off = deals.now_is(order.order_id)
    assert (off.state, off.trouble) == (S.CANCELLED, Trouble.NONE)
    over = deals.see(proposed)
    assert (over.state, over.why_over) == (AmendmentState.WITHDRAWN, off.cancel_reason)
