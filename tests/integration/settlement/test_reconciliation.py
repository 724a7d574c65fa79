"""A day against its bill: what differs is found, said in words, mended, and the day is closed."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from services.contracts.reconciliation import (
    DayOver,
    DayState,
    Difference,
    DifferenceAction,
    DifferenceKind,
    NotThisWay,
)
from services.contracts.settlement import PaymentState, RefundState
from services.kernel import failpoints
from services.kernel.db import Database
from services.kernel.errors import Malformed, Unavailable
from services.kernel.failpoints import FailpointError
from services.kernel.ids import new_id
from services.settlement.domain import accounts
from services.settlement.domain.channel import BillLine
from services.settlement.domain.days import BEIJING
from tests.support.reconciliation import (
    DAY,
    NEXT_MORNING,
    NOON,
    Counter,
    line_of,
    refund_line_of,
)

pytestmark = pytest.mark.database

ASK, BOOK, FEE, CARRY, EXPLAIN = (
    DifferenceAction.ASK_CHANNEL,
    DifferenceAction.BOOK_UNCLAIMED,
    DifferenceAction.BOOK_FEE,
    DifferenceAction.CARRY_OVER,
    DifferenceAction.EXPLAIN,
)
NEXT_DAY = DAY + timedelta(days=1)
LAST_SECOND = datetime(2026, 2, 28, 23, 59, 59, tzinfo=BEIJING).astimezone(UTC)
DAY_AFTER_MORNING = NEXT_MORNING + timedelta(days=1)


@pytest.fixture
def counter(db: Database) -> Counter:
    return Counter(db)


def only(counter: Counter, day_id: str) -> Difference:
    (found,) = counter.view(day_id).items
    return found


def test_a_day_that_matches_is_ready_and_its_fees_are_booked_when_it_is_closed(
    counter: Counter,
) -> None:
    first, *_ = counter.sells(1000, 2500, 333)
    refund = counter.refunds(first, 1000)
    counter.channel.write(refund_line_of(first, refund, 1000))
    day = counter.reconcile()
    assert (day.state, day.line_count, day.matched_count) == (DayState.READY, 4, 4)
    assert (day.their_fen, day.our_fen, day.fee_fen) == (2833, 2833, 6 + 15 + 2 - 6)
    closed = counter.close(day.day_id)
    assert (closed.state, closed.closed_by) == (DayState.CLOSED, counter.person.name)
    assert counter.balance(accounts.channel_fees(counter.channel.till.channel)) == -17
    assert counter.balance(counter.channel.till.clearing) == -(2833 - 17)
    assert counter.broken() == []


def test_three_planted_differences_are_found_classified_mended_and_the_day_is_closed(
    counter: Counter,
) -> None:
    dropped, altered, *_ = counter.sells(1000, 2000, 3000)
    paper = counter.channel.paper[DAY]
    paper[:] = [line for line in paper if line.out_trade_no != dropped]
    paper[0] = line_of(altered, 2001)
    counter.channel.write(line_of("SOMEBODYELSES1", 777))
    day = counter.reconcile()
    assert (day.state, day.open_count, day.matched_count) == (DayState.OPEN, 3, 1)
    assert day.their_fen - day.our_fen == -1000 + 1 + 777
    found = {item.reference: item for item in counter.view(day.day_id).items}
    kinds = {number: item.kind for number, item in found.items()}
    assert kinds == {
        dropped: DifferenceKind.ONLY_OURS,
        altered: DifferenceKind.AMOUNT,
        "SOMEBODYELSES1": DifferenceKind.ONLY_THEIRS,
    }
    assert found[altered].words == "渠道账单是 ¥20.01，我方是 ¥20.00，渠道多 ¥0.01。"
    assert found[dropped].order_id == dropped
    with pytest.raises(DayOver):
        counter.close(day.day_id)
    assert counter.mend(found[dropped], ASK).resolved is ASK
    assert counter.mend(found[altered], ASK).resolved is ASK
    assert counter.mend(found["SOMEBODYELSES1"], BOOK).resolved is BOOK
    assert counter.balance(counter.channel.till.unclaimed) == 777
    again = counter.view(day.day_id).day
    assert (again.state, again.open_count) == (DayState.READY, 0)
    assert counter.close(day.day_id).state is DayState.CLOSED
    assert counter.broken() == []


def test_a_mended_difference_says_who_when_and_why(counter: Counter) -> None:
    counter.channel.write(line_of("UNKNOWN1", 500))
    mended = counter.mend(only(counter, counter.reconcile().day_id), EXPLAIN)
    assert (mended.resolved_by, mended.resolved_at) == ("会计小林", counter.now)
    assert "已与银行流水核对" in mended.resolution
    assert mended.actions == []


def test_mending_twice_is_refused_and_the_same_request_gets_the_first_answer(
    counter: Counter,
) -> None:
    counter.channel.write(line_of("UNKNOWN1", 500))
    found, request_id = only(counter, counter.reconcile().day_id), new_id()
    mended = counter.mend(found, BOOK, request_id)
    assert counter.mend(found, BOOK, request_id) == mended
    with pytest.raises((NotThisWay, DayOver)):
        counter.mend(found, EXPLAIN)
    assert counter.balance(counter.channel.till.unclaimed) == 500


def test_an_action_that_does_not_mend_it_is_refused_and_names_those_that_do(
    counter: Counter,
) -> None:
    counter.channel.write(line_of("UNKNOWN1", 500))
    found = only(counter, counter.reconcile().day_id)
    with pytest.raises(NotThisWay) as refused:
        counter.mend(found, CARRY)
    assert refused.value.fields["actions"] == "book_unclaimed, explain"


# payments of which we had not heard


def test_a_lost_notice_is_found_and_the_money_is_held_after_asking(counter: Counter) -> None:
    number = counter.asks(1200)
    counter.channel.write(line_of(number, 1200))
    found = only(counter, counter.reconcile().day_id)
    assert found.kind is DifferenceKind.STATE
    assert counter.mend(found, ASK).resolved is ASK
    assert counter.balance(accounts.escrow(number)) == 1200
    assert counter.broken() == []


def test_money_for_a_closed_payment_goes_back_by_itself_after_asking(counter: Counter) -> None:
    number = counter.asks(1200, PaymentState.CLOSED)
    counter.channel.write(line_of(number, 1200))
    found = only(counter, counter.reconcile().day_id)
    assert "已关闭" in found.words
    assert counter.mend(found, ASK).resolved is ASK
    assert counter.balance(counter.channel.till.refunds_under_way) == 1200
    assert counter.broken() == []


def test_money_of_another_amount_than_was_asked_for_is_unclaimed_and_refunded(
    counter: Counter,
) -> None:
    number = counter.asks(1200, paid_fen=1100)
    counter.channel.write(line_of(number, 1100))
    found = only(counter, counter.reconcile().day_id)
    assert (found.kind, found.our_fen) == (DifferenceKind.AMOUNT, 0)
    told = counter.mend(found, ASK)
    assert (told.resolved, told.actions) == (None, [ASK, BOOK, EXPLAIN])
    assert counter.mend(found, BOOK).resolved is BOOK
    till = counter.channel.till
    assert (counter.balance(till.refunds_under_way), counter.balance(till.unclaimed)) == (1100, 0)
    assert counter.reconcile().state is DayState.READY
    assert counter.broken() == []


def test_what_the_channel_does_not_confirm_stays_open_with_its_answer(counter: Counter) -> None:
    (number,) = counter.sells(900, billed=False)
    counter.channel.write()
    del counter.channel.trades[number]
    day = counter.reconcile()
    told = counter.mend(only(counter, day.day_id), ASK)
    assert told.resolved is None
    assert "不一致" in told.resolution
    assert counter.view(day.day_id).day.open_count == 1


def test_an_outage_while_asking_changes_nothing(counter: Counter) -> None:
    counter.sells(900, billed=False)
    counter.channel.write()
    day = counter.reconcile()
    counter.channel.away = True
    with pytest.raises(Unavailable):
        counter.mend(only(counter, day.day_id), ASK)
    assert only(counter, day.day_id).resolution == ""


def test_a_crash_after_asking_leaves_the_money_booked_and_the_difference_to_be_mended_again(
    counter: Counter,
) -> None:
    number = counter.asks(1200)
    counter.channel.write(line_of(number, 1200))
    found = only(counter, counter.reconcile().day_id)
    failpoints.arm("settlement.mend.after_channel=error@1")
    with pytest.raises(FailpointError):
        counter.mend(found, ASK)
    failpoints.arm("")
    assert counter.balance(accounts.escrow(number)) == 1200
    assert counter.mend(found, ASK).resolved is ASK
    assert counter.balance(accounts.escrow(number)) == 1200


# refunds


def test_a_refund_that_the_channel_has_made_and_we_gave_up_is_done_after_asking(
    counter: Counter,
) -> None:
    (number,) = counter.sells(900)
    refund = counter.refunds(number, 400, RefundState.FAILED)
    counter.channel.write(refund_line_of(number, refund, 400))
    found = only(counter, counter.reconcile().day_id)
    assert found.kind is DifferenceKind.STATE
    assert found.words == "退款 ¥4.00：渠道账单说已退到账，我方是失败。"
    assert counter.mend(found, ASK).resolved is ASK
    assert counter.balance(counter.channel.till.clearing) == -500
    assert counter.broken() == []


def test_a_refund_done_here_and_failed_there_is_a_difference_of_state(counter: Counter) -> None:
    (number,) = counter.sells(900)
    refund = counter.refunds(number, 400)
    failed = refund_line_of(number, refund, 400, refund_state=RefundState.FAILED, fee_fen=0)
    counter.channel.write(failed)
    day = counter.reconcile()
    assert only(counter, day.day_id).kind is DifferenceKind.STATE
    assert day.their_fen - day.our_fen == 400


def test_unknown_money_given_back_at_the_channels_own_desk_leaves_nothing_unclaimed(
    counter: Counter,
) -> None:
    counter.channel.write(line_of("UNKNOWN1", 500))
    counter.mend(only(counter, counter.reconcile().day_id), BOOK)
    counter.channel.write(refund_line_of("UNKNOWN1", "BYHAND1", 500), day=NEXT_DAY)
    day = counter.reconcile(NEXT_DAY, DAY_AFTER_MORNING)
    assert counter.mend(only(counter, day.day_id), BOOK).resolved is BOOK
    assert counter.balance(counter.channel.till.unclaimed) == 0
    assert counter.broken() == []


# fees


def test_a_wrong_fee_is_found_and_booked_as_the_channel_says(counter: Counter) -> None:
    counter.sells(10_000)
    counter.channel.write(BillLine(*_sold(counter, 20_000), fee_fen=130))
    day = counter.reconcile()
    found = only(counter, day.day_id)
    assert (found.kind, found.their_fen, found.our_fen) == (DifferenceKind.FEE, 130, 120)
    assert found.words == "渠道手续费 ¥1.30，按费率 0.60% 应为 ¥1.20，多收 ¥0.10。"
    counter.mend(found, FEE)
    counter.close(day.day_id)
    assert counter.balance(accounts.channel_fees(counter.channel.till.channel)) == -(60 + 130)
    assert counter.broken() == []


def test_a_fee_that_is_only_explained_leaves_the_excess_with_the_channel(
    counter: Counter,
) -> None:
    counter.channel.write(BillLine(*_sold(counter, 20_000), fee_fen=130))
    day = counter.reconcile()
    counter.mend(only(counter, day.day_id), EXPLAIN)
    counter.close(day.day_id)
    assert counter.balance(accounts.channel_fees(counter.channel.till.channel)) == -120
    assert counter.broken() == []


def test_another_rate_on_nearly_all_lines_does_not_bury_the_day(counter: Counter) -> None:
    for number in counter.sells(*[10_000] * 30, billed=False):
        counter.channel.write(BillLine(number, 10_000, fee_fen=38))
    counter.channel.write(BillLine(*_sold(counter, 10_000), fee_fen=60))
    found = only(counter, counter.reconcile().day_id)
    assert (found.kind, found.our_fen) == (DifferenceKind.FEE, 38)


def test_a_shop_that_receives_itself_pays_its_fees_itself(counter: Counter) -> None:
    counter.sells(10_000)
    counter.sells(20_000, sub_merchant="1600000001")
    (dear,) = counter.sells(30_000, sub_merchant="1600000001", billed=False)
    counter.channel.write(BillLine(dear, 30_000, fee_fen=200))
    day = counter.reconcile()
    assert (day.matched_count, day.fee_fen, day.open_count) == (2, 60 + 120 + 200, 1)
    counter.mend(only(counter, day.day_id), FEE)
    counter.close(day.day_id)
    assert counter.balance(accounts.channel_fees(counter.channel.till.channel)) == -60
    assert counter.broken() == []


def _sold(counter: Counter, amount_fen: int) -> tuple[str, int]:
    (number,) = counter.sells(amount_fen, billed=False)
    return number, amount_fen


# midnight


def test_a_payment_at_midnight_is_found_on_the_next_days_bill(counter: Counter) -> None:
    counter.sells(100)
    (late,) = counter.sells(900, paid_at=LAST_SECOND, billed=False)
    counter.channel.write(line_of(late, 900), day=NEXT_DAY)
    first = counter.reconcile()
    assert first.open_count == 1
    second = counter.reconcile(NEXT_DAY, DAY_AFTER_MORNING)
    assert (second.state, second.line_count, second.their_fen) == (DayState.READY, 1, 900)
    found = only(counter, first.day_id)
    assert (found.resolved, found.resolved_by) == (CARRY, "")
    day = counter.view(first.day_id).day
    assert (day.state, day.their_fen, day.our_fen) == (DayState.READY, 100, 100)
    assert counter.broken() == []


def test_a_payment_carried_over_is_looked_for_the_next_day_and_missed_there(
    counter: Counter,
) -> None:
    counter.sells(100)
    (late,) = counter.sells(900, paid_at=LAST_SECOND, billed=False)
    first = counter.reconcile()
    assert counter.mend(only(counter, first.day_id), CARRY).resolved is CARRY
    assert counter.close(first.day_id).state is DayState.CLOSED
    counter.sells(50, paid_at=NOON + timedelta(days=1))
    second = counter.reconcile(NEXT_DAY, DAY_AFTER_MORNING)
    found = only(counter, second.day_id)
    assert (found.kind, found.reference) == (DifferenceKind.ONLY_OURS, late)


def test_what_no_neighbouring_bill_names_is_not_carried_over(counter: Counter) -> None:
    counter.sells(100)
    counter.sells(900, paid_at=LAST_SECOND, billed=False)
    counter.sells(50, paid_at=NOON + timedelta(days=1))
    counter.reconcile(NEXT_DAY, DAY_AFTER_MORNING)
    first = counter.reconcile()
    with pytest.raises(NotThisWay):
        counter.mend(only(counter, first.day_id), CARRY)


# again, and the end


def test_a_second_run_keeps_what_was_resolved_and_replaces_the_rest(counter: Counter) -> None:
    (number,) = counter.sells(900, billed=False)
    counter.channel.write(line_of("UNKNOWN1", 500), line_of("UNKNOWN2", 600))
    first = counter.reconcile()
    found = {item.reference: item for item in counter.view(first.day_id).items}
    counter.mend(found["UNKNOWN1"], BOOK)
    counter.channel.paper[DAY] = [line_of("UNKNOWN1", 500), line_of(number, 900)]
    second = counter.reconcile()
    assert (second.state, second.line_count, second.difference_count) == (DayState.READY, 2, 1)
    assert only(counter, first.day_id).resolved is BOOK
    assert counter.broken() == []


def test_a_closed_day_is_closed_once_and_no_later_run_touches_it(counter: Counter) -> None:
    counter.sells(900)
    request_id = new_id()
    day = counter.close(counter.reconcile().day_id, request_id)
    assert counter.close(day.day_id, request_id) == day
    with pytest.raises(DayOver) as refused:
        counter.close(day.day_id)
    assert refused.value.fields["state"] == DayState.CLOSED
    counter.channel.write(line_of("UNKNOWN1", 500))
    with pytest.raises(DayOver):
        counter.reconcile()
    assert counter.view(day.day_id).day == day


def test_a_day_is_not_closed_before_it_has_ended(counter: Counter) -> None:
    counter.sells(900)
    counter.now = NOON + timedelta(hours=1)
    day = counter.reconcile()
    assert day.state is DayState.READY
    with pytest.raises(DayOver):
        counter.close(day.day_id)


def test_a_day_to_come_has_no_bill(counter: Counter) -> None:
    with pytest.raises(Malformed):
        counter.reconcile(DAY + timedelta(days=9))


@pytest.mark.parametrize(
    ("tampering", "found_by"),
    [
        ("UPDATE reconciliation_difference SET resolved = NULL", "closed_days"),
        ("UPDATE reconciliation_day SET our_fen = our_fen + 1", "days"),
        ("UPDATE reconciliation_day SET fee_booked_fen = 1", "channel_fees"),
        ("UPDATE reconciliation_difference SET booked_fen = 0", "unclaimed_kept"),
    ],
)
def test_tampering_with_a_day_is_found(counter: Counter, tampering: str, found_by: str) -> None:
    counter.sells(10_000)
    counter.channel.write(line_of("UNKNOWN1", 500))
    day = counter.reconcile()
    counter.mend(only(counter, day.day_id), BOOK)
    counter.close(day.day_id)
    assert counter.broken() == []
    with counter.db.transaction() as tx:
        tx.execute(text(tampering))
    assert found_by in counter.broken()
