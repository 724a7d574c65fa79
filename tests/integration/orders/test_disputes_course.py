"""A dispute from its opening to its end: the states, the money, the order, the timeline."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from services.contracts.after_sales import MoreThanPaid, TooLate
from services.contracts.disputes import (
    DisputeState,
    WrongDisputeState,
)
from services.contracts.orders import (
    InTrouble,
    OrderState,
    Party,
    RecordQuery,
    Trouble,
    WrongState,
)
from services.contracts.settlement import AlreadyResolved, EscrowState, WayNotOpen
from services.kernel.db import Database
from services.kernel.errors import Unavailable
from services.kernel.ids import new_id
from services.orders import locks
from services.orders.record_view import see_record
from services.orders.sagas.engine import At, sweep
from services.orders.sagas.kinds import KINDS
from services.orders.use_cases.disputes.answered import answered
from tests.support.orders import NOW, SETTINGS, told_events
from tests.support.orders_disputes import AFTER_APPEAL, AFTER_NEGOTIATION, Quarrel

pytestmark = pytest.mark.database
D, S = DisputeState, OrderState
AMOUNT = 1400


@pytest.fixture
def quarrel(database_of: Callable[[str], Database]) -> Quarrel:
    """A street on an empty database."""
    return Quarrel(database_of("orders"))


def words(quarrel: Quarrel) -> list[tuple[str, list[str]]]:
    """What was said to whom in events beside the course."""
    events = told_events(quarrel.db)
    return [(data["what"], data["to"]) for name, data in events if name == "order.trouble"]


@pytest.mark.parametrize(
    ("state", "who"),
    [
        (S.AWAITING_CONFIRMATION, "resident"),
        (S.PREPARING, "merchant"),
        (S.OUT_FOR_DELIVERY, "resident"),
        (S.DELIVERED, "merchant"),
        (S.COMPLETED, "resident"),
    ],
)
def test_either_side_opens_a_dispute_and_the_money_freezes_at_once(
    quarrel: Quarrel, state: OrderState, who: str
) -> None:
    order_id = quarrel.order_in(state)
    actor = getattr(quarrel.street, who)
    assert "open_dispute" in quarrel.view(order_id, actor).may
    view = quarrel.open(order_id, actor, wanted_fen=500)
    assert (view.state, view.frozen_fen, view.amount_fen) == (D.NEGOTIATING, AMOUNT, AMOUNT)
    assert view.deadline_at == NOW + timedelta(seconds=AFTER_NEGOTIATION)
    assert quarrel.services.escrow(order_id).state is EscrowState.FROZEN
    order = quarrel.view(order_id, actor)
    assert (order.trouble, order.dispute_id) == (Trouble.DISPUTED, view.dispute_id)
    assert "open_dispute" not in order.may
    assert order.timeline[-1].step == "dispute_opened"
    other = "merchant" if who == "resident" else "resident"
    assert words(quarrel) == [("dispute_opened", [other])]


@pytest.mark.parametrize("state", [S.AWAITING_PAYMENT, S.CLOSING, S.CANCELLED])
def test_there_is_nothing_to_dispute_before_payment_and_after_a_cancellation(
    quarrel: Quarrel, state: OrderState
) -> None:
    order_id = quarrel.order_in(state)
    assert "open_dispute" not in quarrel.view(order_id).may
    with pytest.raises(WrongState) as refused:
        quarrel.open(order_id)
    assert refused.value.fields["state"] == state


def test_a_dispute_is_opened_until_a_set_time_after_completion(quarrel: Quarrel) -> None:
    order_id = quarrel.order_in(S.COMPLETED)
    late = NOW + timedelta(seconds=SETTINGS.claim_within_s)
    assert "open_dispute" not in quarrel.view(order_id, now=late).may
    with pytest.raises(TooLate):
        quarrel.open(order_id, now=late)
    assert quarrel.open(order_id, now=late - timedelta(seconds=1)).state is D.NEGOTIATING


def test_an_order_has_one_open_dispute(quarrel: Quarrel) -> None:
    view = quarrel.opened()
    with pytest.raises(InTrouble):
        quarrel.open(view.order_id, quarrel.street.merchant)


def test_the_same_request_opens_one_dispute(quarrel: Quarrel) -> None:
    order_id, request_id = quarrel.order_in(S.PREPARING), new_id()
    first = quarrel.open(order_id, request_id=request_id)
    again = quarrel.open(order_id, request_id=request_id)
    assert again == first
    assert quarrel.steps(order_id).count("dispute_opened") == 1


def test_what_settlement_refuses_is_the_answer_and_the_order_is_calm_again(
    quarrel: Quarrel,
) -> None:
    order_id = quarrel.order_in(S.PREPARING)
    quarrel.services.escrow(order_id).state = EscrowState.REFUNDED
    request_id = new_id()
    for _ in range(2):
        with pytest.raises(AlreadyResolved):
            quarrel.open(order_id, request_id=request_id)
    order = quarrel.view(order_id)
    assert (order.trouble, order.state) == (Trouble.NONE, S.PREPARING)
    assert order.deadline_at is not None
    assert order.timeline[-1].note == "纠纷未能受理：货款已经全部退回"
    assert words(quarrel) == []
    assert "mark_ready" in quarrel.view(order_id, quarrel.street.merchant).may


def test_while_settlement_is_away_a_dispute_freezes_and_goes_on_later(quarrel: Quarrel) -> None:
    order_id = quarrel.order_in(S.PREPARING)
    quarrel.services.faults["settlement_freeze_order"] = Unavailable()
    view = quarrel.open(order_id)
    assert view.state is D.FREEZING
    assert view.may == []
    del quarrel.services.faults["settlement_freeze_order"]
    later = NOW + timedelta(minutes=10)
    sweep(quarrel.db, KINDS, At(quarrel.services, SETTINGS, later), 10)
    assert quarrel.see(view).state is D.NEGOTIATING


def test_the_two_agree_on_a_split_and_it_is_carried_out(quarrel: Quarrel) -> None:
    view = quarrel.opened(S.DELIVERED)
    quarrel.propose(view, 500, text="赔一半差不多")
    offer = quarrel.propose(view, 300, quarrel.street.merchant)
    assert (offer.proposal_fen, offer.proposal_by) == (300, Party.MERCHANT)
    done = quarrel.accept(view, 300, quarrel.street.resident)
    assert (done.state, done.outcome_fen, done.deadline_at) == (D.CLOSED, 300, None)
    escrow = quarrel.services.escrow(view.order_id)
    assert (escrow.to_resident_fen, escrow.to_merchant_fen) == (300, AMOUNT - 300)
    order = quarrel.view(view.order_id)
    assert (order.state, order.trouble) == (S.COMPLETED, Trouble.NONE)
    assert quarrel.steps(view.order_id)[-2:] == ["dispute_closed", "completed"]
    name, data = next(event for event in told_events(quarrel.db) if event[0] == "order.completed")
    assert (name, data["given_back"]) == ("order.completed", False)


def test_a_yes_is_to_the_sum_that_was_seen(quarrel: Quarrel) -> None:
    view = quarrel.opened()
    quarrel.propose(view, 500)
    quarrel.propose(view, 900)
    with pytest.raises(WrongDisputeState) as refused:
        quarrel.accept(view, 500)
    assert refused.value.fields["proposal_fen"] == "900"


def test_nobody_accepts_an_offer_of_their_own(quarrel: Quarrel) -> None:
    view = quarrel.opened()
    with pytest.raises(WrongDisputeState):
        quarrel.accept(view, 500)
    assert "accept_split" not in quarrel.propose(view, 500).may
    assert "accept_split" in quarrel.see(view, quarrel.street.merchant).may
    with pytest.raises(WrongDisputeState):
        quarrel.accept(view, 500, quarrel.street.resident)


def test_no_split_is_above_what_is_frozen(quarrel: Quarrel) -> None:
    view = quarrel.opened()
    with pytest.raises(MoreThanPaid) as refused:
        quarrel.propose(view, AMOUNT + 1)
    assert refused.value.fields["left_fen"] == str(AMOUNT)
    taken = quarrel.take(quarrel.call(view))
    with pytest.raises(MoreThanPaid):
        quarrel.rule(taken, AMOUNT + 1)


def test_all_of_the_money_back_before_anything_was_handed_over_cancels_the_order(
    quarrel: Quarrel,
) -> None:
    view = quarrel.opened(S.PREPARING)
    quarrel.propose(view, AMOUNT)
    quarrel.accept(view, AMOUNT)
    assert quarrel.view(view.order_id).state is S.CANCELLED
    data = next(data for name, data in told_events(quarrel.db) if name == "order.cancelled")
    assert (data["paid"], data["given_back"]) == (True, True)


def test_all_of_the_money_back_after_delivery_completes_the_order(quarrel: Quarrel) -> None:
    view = quarrel.opened(S.DELIVERED)
    quarrel.propose(view, AMOUNT)
    quarrel.accept(view, AMOUNT)
    assert quarrel.view(view.order_id).state is S.COMPLETED
    data = next(data for name, data in told_events(quarrel.db) if name == "order.completed")
    assert data["given_back"]


def test_a_split_of_a_completed_order_changes_nothing_of_the_order(quarrel: Quarrel) -> None:
    view = quarrel.opened(S.COMPLETED)
    quarrel.propose(view, 400)
    quarrel.accept(view, 400)
    order = quarrel.view(view.order_id)
    assert (order.state, order.trouble) == (S.COMPLETED, Trouble.NONE)
    assert [name for name, _ in told_events(quarrel.db)].count("order.completed") == 1


def test_whoever_opened_it_lets_it_be_and_the_order_goes_on(quarrel: Quarrel) -> None:
    view = quarrel.opened(S.PREPARING)
    with pytest.raises(WrongDisputeState):
        quarrel.withdraw(view, quarrel.street.merchant)
    over = quarrel.withdraw(view)
    assert (over.state, over.may) == (D.WITHDRAWN, [])
    assert quarrel.services.escrow(view.order_id).state is EscrowState.HELD
    order = quarrel.view(view.order_id)
    assert (order.trouble, order.state) == (Trouble.NONE, S.PREPARING)
    assert order.deadline_at is not None
    assert quarrel.open(view.order_id).state is D.NEGOTIATING


def test_a_decided_quarrel_is_not_opened_again(quarrel: Quarrel) -> None:
    view = quarrel.opened(S.COMPLETED)
    quarrel.propose(view, 100)
    quarrel.accept(view, 100)
    assert "open_dispute" not in quarrel.view(view.order_id).may
    with pytest.raises(WrongDisputeState) as refused:
        quarrel.open(view.order_id)
    assert refused.value.fields["state"] == D.CLOSED


def test_a_mediator_rules_and_both_content_it_is_carried_out_at_once(quarrel: Quarrel) -> None:
    taken = quarrel.taken(S.DELIVERED)
    assert (taken.state, taken.mediator_name) == (D.MEDIATING, "王调解")
    ruled = quarrel.rule(taken, 600)
    assert (ruled.state, ruled.ruling and ruled.ruling.to_merchant_fen) == (D.RULED, AMOUNT - 600)
    assert ruled.deadline_at == NOW + timedelta(seconds=AFTER_APPEAL)
    assert quarrel.content(ruled).state is D.RULED
    with pytest.raises(WrongDisputeState):
        quarrel.content(ruled)
    done = quarrel.content(ruled, quarrel.street.merchant)
    assert (done.state, done.outcome_fen) == (D.CLOSED, 600)
    command = quarrel.services.named("settlement_rule_order")[-1]
    assert (command.by_name, command.reason) == ("王调解", "照片显示包装破损")


def test_a_ruling_that_nobody_appeals_is_carried_out_by_the_clock(quarrel: Quarrel) -> None:
    ruled = quarrel.ruled(400, S.DELIVERED)
    deadline_at = NOW + timedelta(seconds=AFTER_APPEAL)
    assert quarrel.clock(deadline_at - timedelta(seconds=1)) == 0
    with pytest.raises(TooLate):
        quarrel.appeal(ruled, now=deadline_at)
    assert quarrel.clock(deadline_at) == 1
    assert quarrel.see(ruled).state is D.CLOSED
    assert quarrel.clock(deadline_at) == 0


def test_who_has_not_agreed_in_time_gets_a_mediator(quarrel: Quarrel) -> None:
    view = quarrel.opened()
    assert quarrel.clock(NOW + timedelta(seconds=AFTER_NEGOTIATION)) == 1
    assert quarrel.see(view).state is D.WAITING
    assert quarrel.steps(view.order_id)[-1] == "mediator_called"


def test_a_manager_has_the_last_word_after_an_appeal(quarrel: Quarrel) -> None:
    view = quarrel.appealed(400)
    assert (view.state, view.appeal_by, view.appeal_text) == (
        D.APPEALED,
        Party.RESIDENT,
        "没看门禁记录",
    )
    done = quarrel.decide(view, 900)
    assert (done.state, done.outcome_fen) == (D.CLOSED, 900)
    assert done.final is not None
    assert (done.final.by, done.final.to_merchant_fen) == ("主管", AMOUNT - 900)
    assert done.ruling is not None
    assert done.ruling.to_resident_fen == 400


def test_a_side_that_is_content_does_not_appeal(quarrel: Quarrel) -> None:
    ruled = quarrel.ruled()
    assert "appeal_ruling" not in quarrel.content(ruled).may
    with pytest.raises(WrongDisputeState):
        quarrel.appeal(ruled)
    assert quarrel.appeal(ruled, quarrel.street.merchant).state is D.APPEALED


def test_a_mediator_may_leave_it_to_a_manager(quarrel: Quarrel) -> None:
    view = quarrel.pass_on(quarrel.taken())
    assert view.state is D.APPEALED
    assert quarrel.decide(view, 0).state is D.CLOSED


def test_a_question_is_open_until_that_side_says_something(quarrel: Quarrel) -> None:
    view = quarrel.taken()
    assert quarrel.ask(view, Party.MERCHANT).asked == [Party.MERCHANT]
    assert quarrel.ask(view).asked == [Party.RESIDENT, Party.MERCHANT]
    with quarrel.db.transaction() as tx:
        answered(tx, locks.order_for_update(tx, view.order_id), Party.MERCHANT)
    assert quarrel.see(view).asked == [Party.RESIDENT]
    quarrel.propose(view, 100)
    assert quarrel.see(view).asked == []


def test_the_record_of_a_disputed_order_is_whole(quarrel: Quarrel) -> None:
    view = quarrel.appealed()
    quarrel.decide(view, 900)
    query = RecordQuery(order_id=view.order_id)
    kept = see_record(quarrel.db, query, quarrel.mediator, NOW, SETTINGS)
    assert kept.whole
    steps = [entry.step for entry in kept.entries]
    assert steps[-7:] == [
        "mediator_called",
        "dispute_taken",
        "dispute_ruled",
        "dispute_appealed",
        "dispute_ruled",
        "dispute_closed",
        "cancelled" if kept.order.state is S.CANCELLED else "completed",
    ]
    assert kept.messages[0].text == "提出纠纷：有破损或变质：豆浆洒了"


def test_a_split_that_settlement_refuses_comes_back_to_the_queue(quarrel: Quarrel) -> None:
    view = quarrel.opened(S.DELIVERED)
    quarrel.propose(view, 300)
    quarrel.services.faults["settlement_rule_order"] = WayNotOpen()
    back = quarrel.accept(view, 300)
    assert (back.state, back.outcome_fen) == (D.WAITING, None)
    del quarrel.services.faults["settlement_rule_order"]
    assert quarrel.view(view.order_id).trouble is Trouble.DISPUTED
    done = quarrel.content(
        quarrel.content(quarrel.rule(quarrel.take(back), 200)), quarrel.street.merchant
    )
    assert (done.state, done.outcome_fen) == (D.CLOSED, 200)
    assert quarrel.services.escrow(view.order_id).to_resident_fen == 200


def test_what_a_cashier_gave_back_meanwhile_is_not_given_twice(quarrel: Quarrel) -> None:
    view = quarrel.opened(S.DELIVERED)
    quarrel.propose(view, 1000)
    quarrel.services.escrow(view.order_id).left_fen = 700
    assert quarrel.accept(view, 1000).state is D.CLOSED
    assert quarrel.services.escrow(view.order_id).to_resident_fen == 700
