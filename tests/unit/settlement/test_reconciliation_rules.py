"""What a bill's line and the books differ in, and how an accountant is told."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.reconciliation import DifferenceKind
from services.contracts.settlement import Channel, PaymentState, RefundState
from services.settlement.domain import accounts
from services.settlement.domain.channel import BillLine
from services.settlement.domain.postings import Till
from services.settlement.domain.transfers import Entry
from services.settlement.reconciliation import bookings
from services.settlement.reconciliation.classify import (
    ACTIONS,
    FeeRate,
    Ours,
    differences,
    effect_fen,
    only_ours,
)

DAY_END = datetime(2026, 2, 28, 16, 0, tzinfo=UTC)
TILL = Till(Channel.WECHAT, "1900000001")
PAID = PaymentState.PAID


def refund(state: RefundState, amount_fen: int = 400) -> BillLine:
    return BillLine("T1", amount_fen, "R1", state)


def ours_refund(state: RefundState, amount_fen: int = 400, **changes: object) -> Ours:
    booked_fen = -amount_fen if state is RefundState.DONE else 0
    values = {"booked_fen": booked_fen, "refund_state": state, "asked_fen": amount_fen}
    return Ours(**(values | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("line", "ours", "kind", "words"),
    [
        (BillLine("T1", 500), Ours(500, PAID, 500), None, ""),
        (refund(RefundState.DONE), ours_refund(RefundState.DONE), None, ""),
        (refund(RefundState.FAILED), ours_refund(RefundState.FAILED), None, ""),
        (refund(RefundState.PROCESSING), ours_refund(RefundState.PROCESSING), None, ""),
        (
            BillLine("T1", 500),
            Ours(),
            DifferenceKind.ONLY_THEIRS,
            "渠道收到 ¥5.00，我方没有这张支付单，不知是谁付的。",
        ),
        (
            BillLine("T1", 500),
            Ours(0, PaymentState.CLOSED, 500),
            DifferenceKind.STATE,
            "渠道已收 ¥5.00，我方这张支付单已关闭。",
        ),
        (
            BillLine("T1", 500),
            Ours(0, PaymentState.OPEN, 600),
            DifferenceKind.AMOUNT,
            "渠道账单是 ¥5.00，我方是 ¥6.00，渠道少 ¥1.00。",
        ),
        (
            BillLine("T1", 600),
            Ours(500, PAID, 500),
            DifferenceKind.AMOUNT,
            "渠道账单是 ¥6.00，我方是 ¥5.00，渠道多 ¥1.00。",
        ),
        (
            refund(RefundState.DONE),
            Ours(),
            DifferenceKind.ONLY_THEIRS,
            "渠道退出 ¥4.00，我方没有这笔退款，多半是在渠道后台退的。",
        ),
        (
            refund(RefundState.DONE),
            ours_refund(RefundState.PROCESSING),
            DifferenceKind.STATE,
            "退款 ¥4.00：渠道账单说已退到账，我方是处理中。",
        ),
        (
            refund(RefundState.FAILED),
            ours_refund(RefundState.DONE),
            DifferenceKind.STATE,
            "退款 ¥4.00：渠道账单说失败，我方是已退到账。",
        ),
        (
            refund(RefundState.DONE, 300),
            ours_refund(RefundState.DONE),
            DifferenceKind.AMOUNT,
            "渠道账单是 ¥3.00，我方是 ¥4.00，渠道少 ¥1.00。",
        ),
    ],
)
def test_a_line_and_the_books_differ_in_one_thing_which_is_said_in_a_sentence(
    line: BillLine, ours: Ours, kind: DifferenceKind | None, words: str
) -> None:
    found = differences(line, ours, DAY_END, None)
    assert [(one.kind, one.words) for one in found] == ([(kind, words)] if kind else [])


def test_a_refund_done_after_the_bills_day_is_no_difference() -> None:
    line = refund(RefundState.PROCESSING)
    after = ours_refund(RefundState.DONE, done_at=DAY_END)
    assert differences(line, after, DAY_END, None) == []


def test_a_refund_done_on_the_bills_day_that_it_calls_unfinished_is_one() -> None:
    line = refund(RefundState.PROCESSING)
    within = ours_refund(RefundState.DONE, done_at=DAY_END.replace(hour=15))
    assert [one.kind for one in differences(line, within, DAY_END, None)] == [DifferenceKind.STATE]


def test_what_only_we_know_says_whether_it_came_or_went() -> None:
    assert only_ours("T1", Ours(500, PAID, 500)).words.startswith("我方已记收款 ¥5.00")
    went = only_ours("R1", ours_refund(RefundState.DONE))
    assert went.words.startswith("我方已记退款 ¥4.00")
    assert (went.our_fen, went.gap_fen) == (-400, 400)


@given(st.integers(1, 10**9), st.integers(0, 1000))
def test_a_fee_is_the_nearest_fen_and_half_a_fen_goes_up(amount_fen: int, rate_bp: int) -> None:
    fee_fen = FeeRate(rate_bp).fee_fen(amount_fen)
    assert -5000 < fee_fen * 10_000 - amount_fen * rate_bp <= 5000


@pytest.mark.parametrize(
    ("line", "fair"),
    [
        (BillLine("T1", 10_000, fee_fen=60), True),
        (BillLine("T1", 10_000, fee_fen=61), False),
        (BillLine("T1", 10_000, fee_fen=0), False),
        (BillLine("T1", 10_000, "R1", RefundState.DONE, fee_fen=0), True),
        (BillLine("T1", 10_000, "R1", RefundState.DONE, fee_fen=-60), True),
        (BillLine("T1", 10_000, "R1", RefundState.DONE, fee_fen=60), False),
    ],
)
def test_a_channel_keeps_its_rate_and_may_give_it_back_with_a_refund(
    line: BillLine, fair: bool
) -> None:
    ours = Ours(booked_fen=effect_fen(line), asked_fen=10_000)
    found = differences(line, ours, DAY_END, FeeRate(60))
    assert [one.kind for one in found] == ([] if fair else [DifferenceKind.FEE])


def test_an_altered_amount_is_one_difference_and_not_a_wrong_fee_too() -> None:
    line = BillLine("T1", 30_000, fee_fen=60)
    found = differences(line, Ours(10_000, PAID, 10_000), DAY_END, FeeRate(60))
    assert [one.kind for one in found] == [DifferenceKind.AMOUNT]


def test_every_kind_of_difference_can_be_mended_and_explained() -> None:
    assert set(ACTIONS) == set(DifferenceKind)
    assert all("explain" in actions and len(actions) > 1 for actions in ACTIONS.values())


def test_a_correction_undoes_each_entry_and_names_what_it_corrects() -> None:
    wrong = bookings.unknown_receipt(TILL, "X1", 500, "看错了", "会计小林")
    undone = bookings.correction(wrong.transfer_id, wrong.entries, "X1", "记错了", "会计小林")
    assert undone.corrects == wrong.transfer_id
    assert undone.entries == (Entry(TILL.clearing, 500), Entry(TILL.unclaimed, -500))


def test_a_fee_is_a_cost_that_the_channel_does_not_hold_for_us_any_more() -> None:
    transfer = bookings.channel_fee(TILL, "day", 60, "2026-02-28", "会计小林")
    fees = accounts.channel_fees(Channel.WECHAT)
    assert transfer.entries == (Entry(fees, -60), Entry(TILL.clearing, 60))


def test_a_number_too_long_for_the_ledger_is_left_out_of_it() -> None:
    assert bookings.unknown_return(TILL, "X" * 64, 5, "退", "林").reference is None
