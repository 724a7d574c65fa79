"""A process that dies at any step, and two that do the same at once: money comes home once."""

import threading
from collections.abc import Callable, Iterator

import pytest

from services.contracts.settlement import ClosePayment, PaymentState, PaymentView, RefundState
from services.kernel import failpoints
from services.kernel.entrypoints import rerun_on_conflict
from services.kernel.ids import new_id
from services.settlement import queries
from services.settlement.domain import accounts
from services.settlement.tables import ChannelOrderRow, EscrowRow, RefundRow
from services.settlement.use_cases.close_payment import close_payment
from services.settlement.use_cases.settle_refund import run_refunds
from tests.support.settlement import NOW, Books

pytestmark = pytest.mark.database


@pytest.fixture
def dies_once_at() -> Iterator[Callable[[str], None]]:
    """Arm a failpoint for its first hit."""
    yield lambda name: failpoints.arm(f"{name}=error@1")
    failpoints.arm("")


def close(books: Books, payment: PaymentView) -> PaymentView:
    command = ClosePayment(
        request_id=new_id(), payment_id=payment.payment_id, household_id=payment.household_id
    )
    return close_payment(books.db, books.channels, command, NOW)


def state_of(books: Books, payment: PaymentView) -> str:
    with books.db.reading() as tx:
        row = queries.payment_row(tx, payment.payment_id)
    assert row is not None
    return row.state


@pytest.mark.parametrize("step", ["settlement.pay.after_intent", "settlement.pay.after_prepay"])
def test_paying_again_after_a_crash_makes_no_second_channel_order(
    books: Books, dies_once_at: Callable[[str], None], step: str
) -> None:
    payment = books.open()
    dies_once_at(step)
    with pytest.raises(failpoints.FailpointError):
        books.pay(payment)
    number = books.number_of(books.pay(payment))
    assert books.count(ChannelOrderRow) == 1
    books.channel.is_paid(number)
    books.notify(number)
    books.assert_proved()


def test_a_notice_again_after_a_crash_holds_the_money_once(
    books: Books, dies_once_at: Callable[[str], None]
) -> None:
    payment = books.open()
    number = books.pays(payment)
    dies_once_at("settlement.notice.after_verify")
    with pytest.raises(failpoints.FailpointError):
        books.notify(number, notice_id="EV-1")
    assert books.notify(number, notice_id="EV-1").duplicate is False
    assert books.count(EscrowRow) == 1
    books.assert_proved()


def test_closing_again_after_a_crash_closes(
    books: Books, dies_once_at: Callable[[str], None]
) -> None:
    payment = books.open()
    books.pay(payment)
    dies_once_at("settlement.close.after_channel")
    with pytest.raises(failpoints.FailpointError):
        close(books, payment)
    assert state_of(books, payment) == PaymentState.CLOSING
    assert close(books, payment).state is PaymentState.CLOSED
    books.assert_proved()


def test_a_refund_again_after_a_crash_is_paid_out_once(
    books: Books, dies_once_at: Callable[[str], None]
) -> None:
    books.cancel(books.paid())
    books.channel.refund_state = RefundState.DONE
    dies_once_at("settlement.refund.after_channel")
    with pytest.raises(failpoints.FailpointError):
        run_refunds(books.db, books.channels, 3, NOW)
    assert run_refunds(books.db, books.channels, 3, NOW) == 1
    assert len(books.channel.refunds) == 1
    books.assert_proved()


def together(*acts: Callable[[], object]) -> list[object]:
    """What the acts gave that were begun at the same moment, as the entrypoint runs them."""
    start, outcomes = threading.Barrier(len(acts)), []

    def run(act: Callable[[], object]) -> None:
        start.wait()
        outcomes.append(rerun_on_conflict("test", act))

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == len(acts)
    return outcomes


def test_the_same_notice_twice_at_once_is_taken_once(books: Books) -> None:
    for _ in range(10):
        number = books.pays(books.open(100, 200))
        views = together(lambda n=number: books.notify(n), lambda n=number: books.notify(n))
        assert sorted(view.duplicate for view in views) == [False, True]
    assert books.count(EscrowRow) == 20
    books.assert_proved()


def test_two_taps_at_once_make_one_channel_order(books: Books) -> None:
    payment = books.open()
    first, second = together(lambda: books.pay(payment), lambda: books.pay(payment))
    assert first.offer == second.offer
    assert books.count(ChannelOrderRow) == 1


def test_two_members_who_pay_at_once_pay_once(books: Books) -> None:
    payment = books.open()
    numbers = books.pays(payment), books.pays(payment, "oHkLxt-another")
    together(*(lambda n=number: books.notify(n) for number in numbers))
    assert books.count(EscrowRow) == books.count(RefundRow) == 1
    books.assert_proved()


def test_money_that_races_with_the_closing_is_held_or_given_back(books: Books) -> None:
    books.channel.pays_after_close = True
    for _ in range(20):
        payment = books.open(100)
        number = books.number_of(books.pay(payment))

        def pay_and_tell(number: str = number) -> None:
            books.channel.is_paid(number)
            books.notify(number)

        together(lambda p=payment: close(books, p), pay_and_tell)
        state = state_of(books, payment)
        held = books.balance(accounts.escrow(payment.allocations[0].order_id))
        assert (state, held) in {(PaymentState.PAID, 100), (PaymentState.CLOSED, 0)}
    assert books.count(EscrowRow) + books.count(RefundRow) == 20
    books.assert_proved()
