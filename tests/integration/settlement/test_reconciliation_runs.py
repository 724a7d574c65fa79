"""The runs of the reconciliation: each morning, killed in the middle, long bills, rivals."""

from datetime import timedelta
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from sqlalchemy import func, select

from services.contracts.permissions import ROLE_PERMISSIONS, Permission, Role
from services.contracts.reconciliation import DayState, ReconciliationDaysQuery
from services.kernel import failpoints
from services.kernel.actor import Actor, ActorSigner, ActorVerifier
from services.kernel.clock import now
from services.kernel.db import Database
from services.kernel.entrypoints import Rpc
from services.kernel.errors import Forbidden, Malformed, Unavailable
from services.kernel.failpoints import FailpointError
from services.kernel.ids import new_id
from services.settlement.reconciliation import days
from services.settlement.reconciliation.days import RUN_LEASE, day_id_of
from services.settlement.service import SettlementService
from services.settlement.tables_reconciliation import BillLineRow
from services.settlement.use_cases.forget_bill_lines import forget_bill_lines
from services.settlement.use_cases.reconcile_day import ANSWER_WITHIN, EMPTY_AFTER, RETRY_AFTER
from services.settlement.use_cases.see_reconciliation import see_days
from tests.support.reconciliation import DAY, NEXT_MORNING, NOON, Counter, line_of

pytestmark = pytest.mark.database
BETWEEN = "settlement.reconcile.between_batches"


@pytest.fixture
def counter(db: Database) -> Counter:
    return Counter(db)


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.settlement.reconciliation.fetch.BATCH", 4)


@pytest.fixture(autouse=True)
def _nothing_armed() -> Any:
    yield
    failpoints.arm("")


def state(counter: Counter) -> DayState:
    return counter.view(day_id_of(counter.channel.till, DAY)).day.state


# each morning


def test_each_morning_from_ten_yesterday_is_reconciled_by_itself(counter: Counter) -> None:
    counter.sells(100, 200)
    assert counter.take_on(NEXT_MORNING - timedelta(hours=1)) == 1  # the day before, no bill yet
    assert counter.channel.fetched == [DAY - timedelta(days=1)]
    counter.take_on(NEXT_MORNING)
    assert state(counter) is DayState.READY
    assert counter.take_on(NEXT_MORNING + timedelta(minutes=1)) == 0


def test_a_bill_that_is_not_there_yet_is_asked_for_again(counter: Counter) -> None:
    counter.sells(100, billed=False)
    counter.take_on()
    assert state(counter) is DayState.WAITING
    assert counter.take_on(counter.now + RETRY_AFTER / 2) == 0
    counter.channel.write(line_of("UNKNOWN1", 5))
    counter.take_on(counter.now + RETRY_AFTER)
    assert state(counter) is DayState.OPEN


def test_an_outage_of_the_channel_is_a_bill_that_is_not_there_yet(counter: Counter) -> None:
    counter.sells(100)
    counter.channel.away = True
    counter.take_on()
    assert state(counter) is DayState.WAITING
    counter.channel.away = False
    counter.take_on(counter.now + RETRY_AFTER)
    assert state(counter) is DayState.READY


def test_an_outage_on_a_second_run_leaves_the_day_as_it_was(counter: Counter) -> None:
    counter.sells(100)
    counter.channel.write(line_of("UNKNOWN1", 5))
    before = counter.reconcile()
    counter.channel.away = True
    with pytest.raises(Unavailable):
        counter.reconcile()
    assert counter.view(before.day_id).day == before


def test_a_day_without_any_money_is_ready_without_a_bill_a_day_later(counter: Counter) -> None:
    counter.take_on()
    assert state(counter) is DayState.WAITING
    counter.take_on(counter.now + EMPTY_AFTER)
    assert state(counter) is DayState.READY


def test_mornings_that_were_missed_are_made_up_for(counter: Counter) -> None:
    counter.sells(100)
    counter.take_on()
    assert counter.take_on(NEXT_MORNING + timedelta(days=3)) == 3
    with counter.db.reading() as tx:
        assert days.find(tx, day_id_of(counter.channel.till, DAY + timedelta(days=3))) is not None


# killed in the middle


@pytest.mark.parametrize("batch", [1, 3, 6, 7])
def test_a_run_killed_in_the_middle_is_finished_by_the_next(
    counter: Counter, small_batches: None, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    """Batches 1 to 5 are staged, 6 and on are matched."""
    monkeypatch.setattr("services.settlement.reconciliation.walk.LINES_AT_ONCE", 4)
    numbers = counter.sells(*range(100, 119))
    counter.channel.paper[DAY].pop()
    counter.channel.write(line_of("UNKNOWN1", 5))
    failpoints.arm(f"{BETWEEN}=error@{batch}")
    monkeypatch.setattr(days.Run, "give_up", lambda *_: None)  # a killed process says nothing
    with pytest.raises(FailpointError):
        counter.take_on()
    failpoints.arm("")
    assert state(counter) is DayState.MATCHING
    assert counter.take_on() == 0  # it might still be alive
    counter.take_on(counter.now + 2 * RUN_LEASE)
    view = counter.view(day_id_of(counter.channel.till, DAY))
    assert (view.day.state, view.day.line_count, view.day.matched_count) == (DayState.OPEN, 19, 18)
    assert {item.reference for item in view.items} == {"UNKNOWN1", numbers[-1]}
    assert len(counter.channel.fetched) == (2 if batch <= 5 else 1)
    assert counter.broken() == []


def test_lines_that_a_later_bill_does_not_name_are_gone(counter: Counter) -> None:
    counter.sells(100, 200)
    counter.channel.write(line_of("UNKNOWN1", 5))
    assert counter.reconcile().line_count == 3
    counter.channel.paper[DAY].pop()
    assert counter.reconcile().line_count == 2


def test_who_is_away_too_long_does_not_write_into_the_run_of_another(counter: Counter) -> None:
    counter.sells(100)
    day_id = counter.reconcile().day_id
    first = days.take(counter.db, day_id, lambda: counter.now)
    assert first is not None
    assert days.take(counter.db, day_id, lambda: counter.now) is None
    assert days.take(counter.db, day_id, lambda: counter.now + 2 * RUN_LEASE) is not None
    with pytest.raises(days.TakenOver), counter.db.transaction() as tx:
        first.finish(tx)


def test_whoever_asks_for_a_long_day_has_an_answer_in_time_and_the_job_does_the_rest(
    counter: Counter, small_batches: None
) -> None:
    counter.sells(*[100] * 12)
    seconds = count()
    slow = lambda: counter.now + next(seconds) * ANSWER_WITHIN / 5  # noqa: E731
    day = counter.reconcile(clock=slow)
    assert day.state is DayState.MATCHING
    counter.take_on(counter.now + timedelta(minutes=1))
    assert state(counter) is DayState.READY


def test_a_long_bill_is_matched_in_batches_and_nothing_is_left_between_them(
    counter: Counter,
) -> None:
    sales = [(f"B{index:025d}", 100 + index) for index in range(1600)]
    with counter.db.transaction() as tx:
        counter.book(tx, sales, NOON)
    counter.channel.write(*(line_of(*sale) for sale in sales))
    counter.channel.paper[DAY][1100] = line_of(sales[1100][0], 1)
    day = counter.reconcile()
    assert (day.line_count, day.matched_count, day.open_count) == (1600, 1599, 1)


def test_lines_of_days_closed_long_ago_are_forgotten_and_the_day_stays(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.settlement.use_cases.forget_bill_lines.BATCH", 2)
    counter.sells(100, 200, 300)
    day = counter.close(counter.reconcile().day_id)
    assert forget_bill_lines(counter.db, DAY) == 0
    assert forget_bill_lines(counter.db, DAY + timedelta(days=1)) == 1
    with counter.db.reading() as tx:
        assert tx.scalar(select(func.count()).select_from(BillLineRow)) == 0
    assert counter.view(day.day_id).day == day
    assert forget_bill_lines(counter.db, DAY + timedelta(days=1)) == 0


# what is shown, and to whom


def test_days_are_shown_newest_first_in_pages(counter: Counter) -> None:
    for back in range(3):
        counter.channel.write(day=DAY - timedelta(days=back))
        counter.reconcile(DAY - timedelta(days=back))
    first = see_days(counter.db, ReconciliationDaysQuery(limit=2))
    assert [day.day for day in first.items] == [DAY, DAY - timedelta(days=1)]
    rest = see_days(counter.db, ReconciliationDaysQuery(limit=2, after=first.next_after))
    assert ([day.day for day in rest.items], rest.next_after) == ([DAY - timedelta(days=2)], None)
    with pytest.raises(Malformed):
        see_days(counter.db, ReconciliationDaysQuery(after="nonsense"))


@pytest.mark.parametrize(
    ("method", "needed"),
    [
        ("reconciliation_days", Permission.MONEY_RECONCILE),
        ("differences", Permission.MONEY_RECONCILE),
        ("reconcile_day", Permission.MONEY_RECONCILE),
        ("mend_difference", Permission.MONEY_RECONCILE),
        ("close_day", Permission.MONEY_RECONCILE),
        ("correct_transfer", Permission.MONEY_CORRECT),
        ("commission_rules", Permission.MONEY_RULES),
        ("put_commission_rule", Permission.MONEY_RULES),
        ("custody", Permission.MONEY_RULES),
        ("put_custody", Permission.MONEY_RULES),
        ("put_sub_merchant", Permission.MONEY_RULES),
    ],
)
def test_a_cashier_is_refused_by_the_service_itself(method: str, needed: Permission) -> None:
    (declared,) = getattr(SettlementService, method).nameko_entrypoints
    entrypoint = Rpc(permission=declared.permission)
    entrypoint.name, entrypoint.wants_actor, entrypoint.needs_actor = method, True, True
    key = Ed25519PrivateKey.generate()
    verifier = ActorVerifier(_pem(key.public_key()))
    entrypoint.shared = SimpleNamespace(process=SimpleNamespace(verifier=verifier))  # type: ignore[assignment]
    cashier = Actor(account_id=new_id(), permissions=ROLE_PERMISSIONS[Role.CASHIER])
    request = SimpleNamespace(
        call_id=new_id(),
        caller="gateway",
        actor_token=ActorSigner(_pem(key)).sign(cashier, now()),
        refuse_if_expired=lambda: None,
    )
    with pytest.raises(Forbidden, match=needed):
        entrypoint.invoke(pytest.fail, request)  # type: ignore[arg-type]


def _pem(key: Any) -> str:
    if isinstance(key, Ed25519PrivateKey):
        return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)).decode()
