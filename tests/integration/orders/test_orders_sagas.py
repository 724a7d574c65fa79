"""Work across services: whatever dies, each step is committed once, and a refusal undoes it all."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from services.contracts.orders import OrderState, WrongState
from services.kernel import failpoints
from services.kernel.errors import InvariantBroken, Unavailable
from services.kernel.failpoints import FailpointError
from services.kernel.ids import new_id
from services.orders.sagas import engine
from services.orders.sagas.engine import HEAD_START
from tests.support.order_sagas import NAMES, Toy
from tests.support.order_walk import Walk
from tests.support.orders import NOW, SETTINGS

pytestmark = pytest.mark.database
S = OrderState
DONE = [f"commit {name}" for name in NAMES]
SECOND = timedelta(seconds=1)
LEASE = timedelta(seconds=SETTINGS.saga_lease_s)


@pytest.fixture
def toy(walk: Walk) -> Toy:
    return Toy(walk)


def begun(toy: Toy) -> str:
    return toy.begin(toy.walk.order_in(S.PREPARING))


# forward


def test_steps_run_in_turn_and_each_learns_for_the_next(toy: Toy) -> None:
    saga = toy.drive(begun(toy))
    assert toy.book == [part for name in NAMES for part in (f"call {name}", f"commit {name}")]
    assert saga is not None
    assert (saga.finished_at, saga.due_at, saga.undoing, saga.tries) == (NOW, None, False, 0)
    assert saga.facts == {"given": 1, **{name: f"answer of {name}" for name in NAMES}}
    assert toy.drive(saga.saga_id) == saga
    assert toy.sweep(NOW + timedelta(days=1)) == 0


class Died(RuntimeError):
    """The process is gone."""


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("part", ["call", "after the call", "commit"])
def test_a_saga_that_died_anywhere_is_ended_by_a_sweep_and_commits_each_step_once(
    toy: Toy, part: str, name: str
) -> None:
    saga_id = begun(toy)
    if part == "after the call":
        failpoints.arm(f"orders.toy.{name}=error@1")
    else:
        toy.faults[f"{part} {name}"] = Died()
    with pytest.raises((Died, FailpointError)):
        toy.drive(saga_id)
    toy.faults.clear()
    ends_at = NOW + (HEAD_START if name == "first" else LEASE)
    assert toy.sweep(ends_at - SECOND) == 0  # whoever took it up may still be at it
    assert toy.sweep(ends_at) == 1
    assert toy.committed() == DONE
    assert toy.saga(saga_id).finished_at == ends_at
    repeated = [name for name in NAMES if toy.book.count(f"call {name}") > 1]
    assert repeated == ([] if part == "call" else [name])


def test_a_saga_nobody_ever_drove_is_taken_up_too(toy: Toy) -> None:
    saga_id = begun(toy)
    assert toy.sweep(NOW + HEAD_START) == 1
    assert toy.saga(saga_id).finished_at


# back


@pytest.mark.parametrize("part", ["call", "commit"])
@pytest.mark.parametrize("name", NAMES)
def test_a_refusal_undoes_what_was_done_backwards_once(toy: Toy, name: str, part: str) -> None:
    toy.faults[f"{part} {name}"] = WrongState("too late", fields={"state": "cancelled"})
    saga = toy.drive(begun(toy))
    done = NAMES[: NAMES.index(name)]
    assert toy.committed() == [
        *(f"commit {one}" for one in done),
        *(f"uncommit {one}" for one in reversed(done)),
        "turned_back",
    ]
    assert saga is not None
    assert (saga.undoing, saga.finished_at) == (True, NOW)
    assert saga.last_error == "orders.wrong_state: too late"
    assert saga.facts["refusal"]["fields"] == {"state": "cancelled"}


BACKWARDS = ["commit first", "commit second", "uncommit second", "uncommit first", "turned_back"]


@pytest.mark.parametrize(
    "part",
    [
        *("uncall second", "uncommit second", "after second"),
        *("uncall first", "uncommit first", "after first", "turned_back"),
    ],
)
def test_an_undoing_that_died_is_ended_by_a_sweep(toy: Toy, part: str) -> None:
    saga_id = begun(toy)
    toy.faults["call third"] = WrongState()
    if part.startswith("after"):
        failpoints.arm(f"orders.toy.{part.split()[1]}.undo=error@1")
    else:
        toy.faults[part] = Died()
    with pytest.raises((Died, FailpointError)):
        toy.drive(saga_id)
    toy.faults.pop(part, None)
    toy.sweep(NOW + LEASE)
    assert toy.committed() == BACKWARDS
    assert toy.saga(saga_id).finished_at


def test_an_undo_cannot_be_refused_it_hangs_until_it_is_done(toy: Toy) -> None:
    saga_id = begun(toy)
    toy.faults = {"call third": WrongState(), "uncall second": WrongState("not now")}
    toy.drive(saga_id)
    saga = toy.saga(saga_id)
    assert (saga.undoing, saga.finished_at, saga.tries) == (True, None, 1)
    assert saga.last_error == "orders.wrong_state: not now"
    del toy.faults["uncall second"]
    assert saga.due_at is not None
    toy.sweep(saga.due_at)
    assert toy.committed() == BACKWARDS


# what gives no answer


@pytest.mark.parametrize("part", ["call second", "commit second"])
def test_what_fails_without_being_refused_is_tried_again_with_growing_pauses(
    toy: Toy, part: str
) -> None:
    saga_id = begun(toy)
    toy.faults[part] = Unavailable("nobody there") if "call" in part else InvariantBroken("odd")
    toy.drive(saga_id)
    pauses, now = [], NOW
    for tries in range(1, 8):
        saga = toy.saga(saga_id)
        assert (saga.tries, saga.finished_at, saga.undoing) == (tries, None, False)
        assert saga.due_at is not None
        pauses.append((saga.due_at - now).total_seconds())
        assert toy.sweep(saga.due_at - SECOND) == 0
        now = saga.due_at
        assert toy.sweep(now) == 1
    assert pauses == [2, 5, 15, 60, 300, 300, 300]
    toy.faults.clear()
    saga = toy.saga(saga_id)
    assert saga.due_at is not None
    toy.sweep(saga.due_at)
    assert toy.committed() == DONE
    assert toy.saga(saga_id).tries == 0


def test_one_that_hangs_does_not_stand_before_the_others(toy: Toy) -> None:
    hanging, fine = begun(toy), begun(toy)
    toy.faults["commit third"] = InvariantBroken()
    toy.drive(hanging)
    toy.faults.clear()
    other = Toy(toy.walk, kind="other")
    other.kinds = {**other.kinds, **toy.kinds}
    toy.faults["call third"] = Unavailable()
    third = other.begin(toy.walk.order_in(S.PREPARING))
    assert other.sweep(NOW + HEAD_START) == 3
    assert other.saga(third).finished_at
    assert not toy.saga(hanging).finished_at
    assert toy.saga(fine).tries == 1


# rivals


def test_drivers_at_once_commit_each_step_once(toy: Toy) -> None:
    saga_id = begun(toy)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: toy.drive(saga_id), range(4)))
    assert toy.committed() == DONE
    assert toy.saga(saga_id).finished_at == NOW


def test_drivers_at_once_undo_each_step_once(toy: Toy) -> None:
    saga_id = begun(toy)
    toy.faults["call third"] = WrongState()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: toy.drive(saga_id), range(4)))
    assert toy.committed() == BACKWARDS


def test_two_sweeps_at_once_take_each_saga_up_once(toy: Toy) -> None:
    for _ in range(4):
        begun(toy)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: toy.sweep(NOW + HEAD_START), range(4)))
    assert len(toy.book) == 4 * 2 * len(NAMES)


def test_a_subject_has_one_saga_of_a_kind(toy: Toy) -> None:
    order_id, subject_id = toy.walk.order_in(S.PREPARING), new_id()
    toy.begin(order_id, subject_id=subject_id)
    with pytest.raises(IntegrityError):
        toy.begin(order_id, subject_id=subject_id)
    Toy(toy.walk, kind="other").begin(order_id, subject_id=subject_id)


# somebody's word


def resume(toy: Toy, saga_id: str, **facts: object) -> bool:
    with toy.walk.db.transaction() as tx:
        return engine.resume(tx, saga_id, NOW, facts)


def turn_back(toy: Toy, saga_id: str) -> bool:
    with toy.walk.db.transaction() as tx:
        return engine.turn_back(tx, saga_id, "没有付款", NOW)


@pytest.fixture
def waiting(walk: Walk) -> Toy:
    return Toy(walk, waits="second")


def test_a_saga_that_waits_goes_on_with_the_word_and_what_it_says(waiting: Toy) -> None:
    saga_id = begun(waiting)
    waiting.drive(saga_id)
    assert waiting.committed() == DONE[:2]
    assert waiting.sweep(NOW + timedelta(days=30)) == 0
    waiting.drive(saga_id)
    assert waiting.committed() == DONE[:2]
    assert resume(waiting, saga_id, paid="yes")
    assert not resume(waiting, saga_id)
    saga = waiting.drive(saga_id)
    assert saga is not None
    assert (saga.facts["paid"], saga.finished_at) == ("yes", NOW)
    assert waiting.committed() == DONE


def test_a_saga_that_waits_can_be_turned_back(waiting: Toy) -> None:
    saga_id = begun(waiting)
    waiting.drive(saga_id)
    assert turn_back(waiting, saga_id)
    assert not turn_back(waiting, saga_id)
    assert not resume(waiting, saga_id)
    waiting.sweep(NOW)
    assert waiting.committed() == BACKWARDS
    assert waiting.saga(saga_id).last_error == "没有付款"


def test_a_word_to_one_that_does_not_wait_changes_nothing(waiting: Toy) -> None:
    saga_id = begun(waiting)
    before = waiting.saga(saga_id)
    for word in (resume, turn_back):
        assert not word(waiting, saga_id)
        assert not word(waiting, new_id())
    assert waiting.saga(saga_id) == before
    waiting.drive(saga_id)
    resume(waiting, saga_id)
    waiting.drive(saga_id)
    for word in (resume, turn_back):
        assert not word(waiting, saga_id)


def test_an_unknown_saga_is_driven_nowhere(toy: Toy) -> None:
    assert toy.drive(new_id()) is None
