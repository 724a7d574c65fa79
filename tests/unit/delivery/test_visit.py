"""The moves of visits and drops, and what their times mean."""

from datetime import timedelta
from itertools import product

import pytest

from services.contracts.delivery import DropState, VisitState, WrongVisitState
from services.delivery.domain import visit
from services.delivery.domain.courier import masked_phone
from services.delivery.domain.visit import DropAct, VisitAct
from tests.support.delivery import NOW, after


def test_a_visit_is_expected_then_inside_then_left() -> None:
    inside = visit.visit_after(VisitState.EXPECTED, VisitAct.ADMIT)
    assert visit.visit_after(inside, VisitAct.LEAVE) is VisitState.LEFT


def test_every_move_of_a_visit_that_is_not_in_the_table_is_an_error() -> None:
    for state, act in set(product(VisitState, VisitAct)) - set(visit.VISIT_MOVES):
        with pytest.raises(WrongVisitState) as refused:
            visit.visit_after(state, act)
        assert refused.value.fields == {"state": state}


def test_every_move_of_a_drop_that_is_not_in_the_table_is_an_error() -> None:
    for state, act in set(product(DropState, DropAct)) - set(visit.DROP_MOVES):
        with pytest.raises(WrongVisitState) as refused:
            visit.drop_after(state, act)
        assert refused.value.fields == {"state": state}


def test_what_has_ended_moves_no_more() -> None:
    ended = {VisitState.LEFT, VisitState.REFUSED, VisitState.EXPIRED}
    assert not ended & {state for state, _ in visit.VISIT_MOVES}
    assert not {DropState.DELIVERED, DropState.WITHDRAWN} & {s for s, _ in visit.DROP_MOVES}


def test_a_window_moves_on_and_never_back() -> None:
    assert visit.window_until(NOW, 60) == after(60)
    assert visit.window_until(NOW, 60, after(30)) == after(60)
    assert visit.window_until(NOW, 60, after(90)) == after(90)


def test_overstayed_counts_from_the_entry_to_the_exit_or_to_now() -> None:
    assert not visit.overstayed(None, None, after(9999), 60)
    assert not visit.overstayed(NOW, None, after(60), 60)
    assert visit.overstayed(NOW, None, after(61), 60)
    assert not visit.overstayed(NOW, after(60), after(9999), 60)
    assert visit.overstayed(NOW, after(61), after(9999), 60)


def test_a_local_day_begins_at_midnight_in_china() -> None:
    late_in_utc = NOW.replace(hour=16, minute=30)
    assert visit.day_began(late_in_utc) == late_in_utc - timedelta(minutes=30)
    assert visit.day_began(NOW) == NOW - timedelta(hours=12)


@pytest.mark.parametrize(
    ("phone", "shown"),
    [("13812345678", "138****5678"), ("12345", "***45"), ("+8613812345678", "+86*******5678")],
)
def test_a_phone_is_masked_but_recognisable(phone: str, shown: str) -> None:
    assert masked_phone(phone) == shown
