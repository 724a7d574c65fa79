"""The rules of the ledger in many random lives in memory; MariaDB is held against the same model.

See tests/integration/settlement/test_ledger_machine.py for the two side by side.
"""

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from services.contracts.settlement import (
    AlreadyPosted,
    Channel,
    HoldOver,
    InsufficientFunds,
    TooMuch,
)
from services.settlement.domain import accounts
from services.settlement.domain.holds import Hold
from services.settlement.domain.transfers import Transfer, TransferKind, between
from tests.support.ledger_machine import LedgerMachine
from tests.support.ledger_model import LedgerModel

CLEARING = accounts.clearing(Channel.WECHAT, "1900000001")
FUND = accounts.household_fund("h")


def test_whatever_happens_the_ledger_sums_to_zero_and_nobody_is_below_it() -> None:
    lives = settings(max_examples=150, stateful_step_count=40, deadline=None, derandomize=True)
    run_state_machine_as_test(LedgerMachine, settings=lives)


def with_money(amount_fen: int) -> LedgerModel:
    model = LedgerModel()
    model.post([Transfer(TransferKind.RECEIPT, "first", between(CLEARING, FUND, amount_fen))])
    return model


def test_the_model_itself_refuses_with_the_named_errors() -> None:
    model = with_money(100)
    hold = Hold("hold", FUND, 60, "payment.fund")
    model.place(hold)
    with pytest.raises(AlreadyPosted):
        model.place(Hold("hold", FUND, 10, "payment.fund"))
    with pytest.raises(InsufficientFunds):
        model.place(Hold("other", FUND, 41, "payment.fund"))
    with pytest.raises(TooMuch) as more:
        model.resolve("hold", 61, CLEARING)
    assert more.value.fields == {"left_fen": "60"}
    model.resolve("hold", 25, CLEARING)
    with pytest.raises(HoldOver) as over:
        model.resolve("hold", 0, CLEARING)
    assert over.value.fields == {"state": "posted"}
    assert model.balances[FUND] == 75
    model.assert_sound()


def test_an_account_on_the_wrong_side_of_zero_is_named() -> None:
    model = with_money(100)
    model.post([Transfer(TransferKind.CORRECTION, "x", between(FUND, CLEARING, 50))])
    assert model.wrong_signs() == set()
    due = accounts.cash_due("c")
    model.post([Transfer(TransferKind.CORRECTION, "y", between(CLEARING, due, 1))])
    assert model.wrong_signs() == {due}
