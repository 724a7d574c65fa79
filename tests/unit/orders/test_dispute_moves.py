"""The life of a dispute as a table: who may do what, and that every life comes to an end."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.contracts.disputes import DisputeAbout, DisputeState
from services.contracts.orders import Party, RefundTo
from services.kernel.errors import LinliError
from services.orders.domain.dispute import Dispute
from services.orders.domain.dispute_moves import LIMITS, MOVES, OPEN, DisputeAct, Ended
from services.orders.domain.split import Part, Person, Split
from services.orders.settings import Settings

NOW = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
S, A = DisputeState, DisputeAct
MEDIATOR, MANAGER = Person("01MEDIATOR", "王调解"), Person("01MANAGER", "主管")
FROZEN = 1400


def begun(opened_by: Party = Party.RESIDENT) -> Dispute:
    """A dispute whose money is about to be frozen."""
    return Dispute(
        dispute_id="01DISPUTE",
        order_id="01ORDER",
        number="000001",
        state=S.FREEZING,
        about=DisputeAbout.LATE,
        text="",
        wanted_fen=None,
        photos=[],
        opened_at=NOW,
        opened_by=opened_by,
        store_id="01STORE",
        store_name="老陈早餐",
        merchant_id="01MERCHANT",
        household_id="01HOUSEHOLD",
        community_id="01COMMUNITY",
        resident_name="张**",
        amount_fen=FROZEN,
        summary="豆浆×2",
    )


def frozen(*parts_fen: int) -> Dispute:
    """One whose money is frozen."""
    parts = [Part(f"01ORDER{i}", fen) for i, fen in enumerate(parts_fen or (FROZEN,))]
    return begun().freeze(parts, DAY, NOW)


def test_states_that_are_over_have_no_way_out_and_all_others_have_one() -> None:
    left = {state for state, _ in MOVES}
    assert left == OPEN


def test_only_staff_rule_and_only_the_two_speak_for_themselves() -> None:
    by_staff = {A.TAKE, A.ASK, A.RULE, A.PASS_ON, A.DECIDE}
    for (_, act), move in MOVES.items():
        assert (Party.STAFF in move.by) is (act in by_staff)
        assert Party.COURIER not in move.by


def test_each_limit_names_a_setting_and_an_act_that_the_clock_may_do() -> None:
    for state, limit in LIMITS.items():
        assert limit.setting in Settings.model_fields
        assert Party.SYSTEM in MOVES[state, limit.then].by


def test_every_state_that_waits_for_the_two_has_a_limit_or_a_mediator() -> None:
    for state in OPEN - {S.FREEZING, S.THAWING, S.EXECUTING}:
        acts = {act for at, act in MOVES if at is state}
        assert state in LIMITS or acts & {A.TAKE, A.RULE, A.DECIDE}


@pytest.mark.parametrize(
    ("parts", "outcome", "shares"),
    [
        ((1000,), 0, [0]),
        ((1000,), 1000, [1000]),
        ((1000, 300), 400, [400, 0]),
        ((1000, 300), 1100, [1000, 100]),
        ((0, 300), 100, [100]),
    ],
)
def test_the_residents_share_comes_from_the_order_first_and_then_from_supplements(
    parts: tuple[int, ...], outcome: int, shares: list[int]
) -> None:
    offered = frozen(*parts).propose(Party.RESIDENT, "01R", outcome, "")
    agreed = offered.accept(Party.MERCHANT, "01M", outcome)
    assert [share for _, share in agreed.shares()] == shares


Walk = Callable[[Dispute], Dispute]
ACTS: list[Walk] = [
    lambda d: d.freeze([Part("01ORDER", FROZEN)], DAY, NOW),
    lambda d: d.find_nothing(NOW),
    lambda d: d.propose(Party.RESIDENT, "01R", 900, ""),
    lambda d: d.propose(Party.MERCHANT, "01M", 100, ""),
    lambda d: d.propose(Party.MERCHANT, "01M", FROZEN + 1, ""),
    lambda d: d.accept(Party.RESIDENT, "01R", 100),
    lambda d: d.accept(Party.MERCHANT, "01M", 900),
    lambda d: d.call(Party.MERCHANT),
    lambda d: d.call(Party.SYSTEM),
    lambda d: d.withdraw(Party.RESIDENT),
    lambda d: d.withdraw(Party.MERCHANT),
    lambda d: d.thaw(NOW),
    lambda d: d.take(MEDIATOR, manages=False),
    lambda d: d.take(MANAGER, manages=True),
    lambda d: d.ask(None),
    lambda d: d.rule(Split(500, RefundTo.CHANNEL, "各半"), MEDIATOR, "", DAY, NOW),
    lambda d: d.rule(Split(700, RefundTo.FUND, "退"), MANAGER, "", DAY, NOW),
    lambda d: d.pass_on(MEDIATOR.account_id),
    lambda d: d.content(Party.RESIDENT),
    lambda d: d.content(Party.MERCHANT),
    lambda d: d.appeal(Party.MERCHANT, "不服"),
    lambda d: d.carry_out(),
    lambda d: d.decide(Split(600, RefundTo.CHANNEL, "终"), MANAGER, "", NOW),
    lambda d: d.close(NOW),
    lambda d: d.fail(),
]


@settings(max_examples=200, deadline=None, database=None)
@given(st.lists(st.integers(0, len(ACTS) - 1), max_size=40))
def test_any_life_keeps_the_rules(acts: list[int]) -> None:
    dispute, ruled_after_close = begun(), False
    for index in acts:
        before = dispute
        try:
            dispute = ACTS[index](dispute)
        except LinliError:
            assert dispute == before
            continue
        ruled_after_close |= before.state not in OPEN
        check(dispute)
    assert not ruled_after_close


def check(dispute: Dispute) -> None:
    """What holds in every state."""
    over = dispute.state not in OPEN
    assert (dispute.closed_at is not None) is over
    assert (dispute.deadline_at is not None) is (dispute.state in LIMITS)
    if dispute.state in (S.EXECUTING, S.CLOSED):
        assert dispute.ended in (Ended.AGREED, Ended.RULED, Ended.DECIDED)
        assert dispute.outcome_fen == dispute.split.to_resident_fen
        assert sum(share for _, share in dispute.shares()) == dispute.outcome_fen
        assert 0 <= (dispute.outcome_fen or 0) <= dispute.frozen_fen
    elif dispute.state is not S.WITHDRAWN:
        assert dispute.ended is None
        assert dispute.outcome_fen is None
    if dispute.state is S.MEDIATING:
        assert dispute.mediator_id
    if dispute.ended is Ended.DECIDED:
        assert dispute.final_by_id != dispute.ruling_by_id
    if dispute.asked:
        assert dispute.state in (S.MEDIATING, S.APPEALED)


@settings(max_examples=50, deadline=None, database=None)
@given(st.lists(st.integers(0, len(ACTS) - 1), max_size=25))
def test_from_wherever_it_stands_staff_and_the_clock_bring_it_to_an_end(acts: list[int]) -> None:
    dispute = begun()
    for index in acts:
        try:
            dispute = ACTS[index](dispute)
        except LinliError:
            continue
    for _ in range(8):
        dispute = _pushed(dispute)
    assert dispute.state not in OPEN


def _pushed(dispute: Dispute) -> Dispute:
    last = Person("01LAST", "总管")
    push: dict[DisputeState, Walk] = {
        S.FREEZING: ACTS[0],
        S.NEGOTIATING: lambda d: d.call(Party.SYSTEM),
        S.WAITING: lambda d: d.take(last, manages=True),
        S.MEDIATING: lambda d: d.take(last, manages=True).pass_on(last.account_id),
        S.RULED: lambda d: d.carry_out(),
        S.APPEALED: lambda d: d.decide(Split(0, RefundTo.CHANNEL, "终"), last, "", NOW),
        S.EXECUTING: lambda d: d.close(NOW),
        S.THAWING: lambda d: d.thaw(NOW),
    }
    return push.get(dispute.state, lambda d: d)(dispute)
