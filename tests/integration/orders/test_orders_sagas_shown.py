"""Work that hangs, shown to staff with the step it hangs on, and pushed by them."""

from datetime import datetime, timedelta

import pytest

from services.contracts.orders import NotYourOrder, OrderState, RetrySaga, SagasQuery, SagaView
from services.kernel.actor import Actor
from services.kernel.errors import Unavailable
from services.kernel.ids import new_id
from services.kernel.wire import Page
from services.orders.use_cases import show_sagas
from services.orders.use_cases.show_sagas import retry_saga, see_sagas
from tests.support.order_sagas import NAMES, Toy
from tests.support.order_walk import Walk
from tests.support.orders import NOW, SETTINGS

pytestmark = pytest.mark.database
OLD = NOW + timedelta(seconds=SETTINGS.stuck_after_s)


@pytest.fixture
def toy(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> Toy:
    made = Toy(walk, waits="second")
    monkeypatch.setattr(show_sagas, "KINDS", made.kinds)
    return made


def begun(toy: Toy, now: datetime = NOW) -> str:
    return toy.begin(toy.walk.order_in(OrderState.PREPARING), now)


def seen(
    toy: Toy, now: datetime = NOW, actor: Actor | None = None, **fields: object
) -> Page[SagaView]:
    query = SagasQuery(**fields)
    return see_sagas(toy.walk.db, query, actor or toy.walk.street.mediator, now, SETTINGS)


def test_one_that_has_failed_three_times_is_shown_with_its_step(toy: Toy) -> None:
    saga_id = begun(toy)
    toy.faults["call second"] = Unavailable("nobody there")
    for tries in range(3):
        assert seen(toy).items == []
        toy.drive(saga_id)
        assert toy.saga(saga_id).tries == tries + 1
    (shown,) = seen(toy).items
    assert (shown.saga_id, shown.step, shown.tries, shown.undoing) == (saga_id, "second", 3, False)
    assert shown.last_error == "request.unavailable: nobody there"
    assert shown.number == toy.walk.view(shown.order_id).number
    assert shown.next_try_at == toy.saga(saga_id).due_at


def test_one_that_is_old_is_shown_and_one_that_waits_for_a_word_is_not(toy: Toy) -> None:
    old, waiting = begun(toy), begun(toy)
    toy.drive(waiting)
    assert seen(toy, OLD - timedelta(seconds=1)).items == []
    assert [one.saga_id for one in seen(toy, OLD).items] == [old]
    assert {one.saga_id for one in seen(toy, stuck=False).items} == {old, waiting}


def test_what_is_over_is_not_shown(toy: Toy) -> None:
    free = Toy(toy.walk)
    saga_id = free.begin(toy.walk.order_in(OrderState.PREPARING))
    free.drive(saga_id)
    assert free.saga(saga_id).finished_at
    assert seen(toy, OLD, stuck=False).items == []


def test_pages_are_oldest_first_without_gap_or_repeat_also_at_one_moment(toy: Toy) -> None:
    moments = [NOW + timedelta(seconds=second) for second in (3, 1, 1, 1, 0, 2, 2)]
    made = sorted((at, begun(toy, at)) for at in moments)
    read: list[str] = []
    after = None
    for _ in range(4):
        page = seen(toy, stuck=False, after=after, limit=2)
        read += [one.saga_id for one in page.items]
        after = page.next_after
    assert (read, after) == ([saga_id for _, saga_id in made], None)


def test_staff_of_another_community_see_and_push_nothing(toy: Toy) -> None:
    saga_id = begun(toy)
    elsewhere = toy.walk.street.mediator.model_copy(update={"communities": (new_id(),)})
    assert seen(toy, OLD, elsewhere).items == []
    with pytest.raises(NotYourOrder):
        push(toy, saga_id, elsewhere)
    with pytest.raises(NotYourOrder):
        push(toy, new_id())
    assert toy.book == []


def push(toy: Toy, saga_id: str, actor: Actor | None = None) -> SagaView:
    command = RetrySaga(request_id=new_id(), saga_id=saga_id)
    by = actor or toy.walk.street.mediator
    return retry_saga(toy.walk.db, toy.walk.services, command, by, NOW, SETTINGS)


def test_staff_push_one_that_hangs_and_it_goes_on_at_once(toy: Toy) -> None:
    saga_id = begun(toy)
    toy.faults["call first"] = Unavailable()
    for _ in range(4):
        toy.drive(saga_id)
    assert push(toy, saga_id).tries == 5
    toy.faults.clear()
    shown = push(toy, saga_id)
    assert (shown.step, shown.tries, shown.next_try_at) == ("third", 0, None)
    assert push(toy, saga_id) == shown
    assert toy.committed() == [f"commit {name}" for name in NAMES[:2]]
