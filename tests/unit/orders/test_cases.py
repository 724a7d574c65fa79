"""Every line of the table of cases, that there is no other, and what the clock does."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from services.contracts.after_sales import CaseKind, CaseState, WrongCaseState
from services.contracts.orders import Party, RefundTo
from services.kernel.ids import new_id
from services.orders.domain.case import (
    CASE_LIMITS,
    CASE_MOVES,
    FAILED_ONCE,
    ON_ITS_WAY,
    OPEN_CASES,
    Case,
    CaseAct,
    case_timed,
)
from tests.support.orders import SETTINGS

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SECONDS = {"case_answer_s": 60, "case_return_s": 600}
EXPECTED = """
requested        agree                merchant system           done/refunding/awaiting_return
requested        pay_back             merchant system           refunding
requested        reject               merchant                  rejected
requested        counter              merchant                  countered
requested        withdraw_case        resident                  withdrawn
requested        expire               system                    expired
requested        escalate_case        resident system           escalated
countered        agree                merchant                  done/refunding/awaiting_return
countered        pay_back             merchant                  refunding
countered        reject               merchant                  rejected
countered        counter              merchant                  countered
countered        accept_offer         resident                  refunding
countered        withdraw_case        resident                  withdrawn
countered        expire               system                    expired
countered        escalate_case        resident system           escalated
awaiting_return  send_back            resident                  returning
awaiting_return  take_back            merchant                  refunding/replacing
awaiting_return  withdraw_case        resident                  withdrawn
awaiting_return  expire               system                    expired
awaiting_return  fail                 system                    requested
awaiting_return  escalate_case        resident system           escalated
returning        take_back            merchant system           refunding/replacing
returning        expire               system                    expired
returning        escalate_case        resident merchant system  escalated
replacing        send_replacement     merchant                  replacing
replacing        confirm_replacement  resident system           done
replacing        expire               system                    expired
replacing        escalate_case        resident system           escalated
refunding        finish               system                    done
refunding        fail                 system                    requested
rejected         escalate_case        resident                  escalated
"""


def expected() -> dict[tuple[str, str, str], set[str]]:
    table: dict[tuple[str, str, str], set[str]] = {}
    for line in EXPECTED.strip().splitlines():
        state, act, *parties, to = line.split()
        table |= {(state, act, party): set(to.split("/")) for party in parties}
    return table


TABLE = expected()


def a_case(state: CaseState, kind: CaseKind = CaseKind.RETURN) -> Case:
    return Case(
        case_id=new_id(),
        order_id=new_id(),
        number="000001",
        store_id=new_id(),
        store_name="老陈早餐",
        merchant_id=new_id(),
        household_id=new_id(),
        community_id=new_id(),
        kind=kind,
        state=state,
        reason="洒了",
        lines=[],
        replacement=[],
        amount_fen=100,
        refund_to=RefundTo.CHANNEL,
        photos=[],
        opened_at=NOW,
        opened_by_id=new_id(),
        opened_by="张伟",
        deadline_at=NOW,
    )


@pytest.mark.parametrize("state", CaseState)
def test_a_move_is_as_the_table_says_or_refused_with_the_state(state: CaseState) -> None:
    for act, party, kind in product(CaseAct, Party, CaseKind):
        sent_at = NOW if act is CaseAct.CONFIRM else None
        case = replace(a_case(state, kind), sent_at=sent_at)
        to = TABLE.get((state, act, party))
        assert case.allows(act, party) is (to is not None)
        if to is None:
            with pytest.raises(WrongCaseState) as refused:
                case.after(act, party)
            assert refused.value.fields == {"state": state, "act": act}
        elif act is not CaseAct.TAKE_BACK or kind in (CaseKind.RETURN, CaseKind.EXCHANGE):
            assert case.after(act, party).state in to


def test_each_kind_goes_its_own_way() -> None:
    agreed = {kind: a_case(CaseState.REQUESTED, kind) for kind in CaseKind}
    after = {k: case.after(CaseAct.AGREE, Party.MERCHANT).state for k, case in agreed.items()}
    assert after == {
        CaseKind.CANCEL: CaseState.DONE,
        CaseKind.REFUND: CaseState.REFUNDING,
        CaseKind.RETURN: CaseState.AWAITING_RETURN,
        CaseKind.EXCHANGE: CaseState.AWAITING_RETURN,
    }


def test_every_state_can_be_reached_and_every_open_one_left() -> None:
    reached = {CaseState.REQUESTED}
    for found in CASE_MOVES.values():
        reached |= {found.to} if isinstance(found.to, CaseState) else set(found.to.values())
    assert reached == set(CaseState)
    ended = {"done", "rejected", "withdrawn", "expired", "escalated"}
    assert set(CaseState) - ended == OPEN_CASES


def test_while_the_machine_has_it_only_the_machine_speaks() -> None:
    for state in OPEN_CASES:
        case = replace(a_case(state), deadline_at=None)
        may = {act for act, party in product(CaseAct, Party) if case.allows(act, party)}
        assert may <= {CaseAct.FINISH, CaseAct.FAIL}
        assert case.is_working


def test_every_wait_has_an_end_that_its_clock_can_bring() -> None:
    for state in OPEN_CASES - {CaseState.REFUNDING}:
        case = case_timed(a_case(state), NOW, SECONDS)
        limit = CASE_LIMITS[state]
        assert case.limit == limit
        assert case.deadline_at == NOW + timedelta(seconds=SECONDS[limit.setting])
        assert any(case.allows(act, limit.by) for act in CaseAct)
    assert case_timed(a_case(CaseState.REFUNDING), NOW, SECONDS).deadline_at is None


def test_what_was_sent_or_has_failed_waits_for_somebody_else() -> None:
    assert replace(a_case(CaseState.REPLACING), sent_at=NOW).limit == ON_ITS_WAY
    assert replace(a_case(CaseState.REQUESTED), tries=1).limit == FAILED_ONCE
    back = replace(a_case(CaseState.REQUESTED), taken_back_at=NOW)
    assert back.agreeing is CaseAct.PAY_BACK


def test_the_limits_are_settings() -> None:
    limits = (*CASE_LIMITS.values(), FAILED_ONCE, ON_ITS_WAY)
    assert all(getattr(SETTINGS, limit.setting) > 0 for limit in limits)
