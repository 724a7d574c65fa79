"""The two, and the property, talk about an order."""

import pytest

from services.contracts.orders import (
    NotYourOrder,
    OrderState,
    Party,
    ThreadQuery,
    UploadedPhoto,
    WrongState,
)
from services.kernel.actor import Actor
from services.kernel.errors import Malformed
from services.kernel.files import FileAltered, NoSuchFile
from services.kernel.ids import new_id
from services.kernel.requests import RequestConflict
from services.kernel.wire import Page
from services.orders.use_cases.talk import see_thread
from tests.support.order_walk import Walk
from tests.support.orders import told_events

pytestmark = pytest.mark.database
S = OrderState


def thread(walk: Walk, order_id: str, actor: Actor | None = None, **fields: object) -> Page[object]:
    query = ThreadQuery(order_id=order_id, **fields)
    return see_thread(walk.db, query, actor or walk.street.resident)


def test_what_is_said_reads_in_order_with_who_said_it(walk: Walk) -> None:
    order_id, street = walk.order_in(S.PREPARING), walk.street
    walk.say(order_id, "少放糖")
    walk.say(order_id, "好的", street.merchant)
    walk.say(order_id, "请两位留意", street.mediator)
    for actor in (street.resident, street.merchant, street.mediator):
        said = thread(walk, order_id, actor).items
        assert [(m.party, m.name, m.text) for m in said] == [
            (Party.RESIDENT, "张伟", "少放糖"),
            (Party.MERCHANT, "老陈", "好的"),
            (Party.STAFF, "王调解", "请两位留意"),
        ]


@pytest.mark.parametrize(
    ("who", "heard_by"),
    [
        ("resident", ["merchant"]),
        ("merchant", ["resident"]),
        ("mediator", ["resident", "merchant"]),
    ],
)
def test_the_other_side_hears_of_it_and_the_timeline_does_not(
    walk: Walk, who: str, heard_by: list[str]
) -> None:
    order_id = walk.order_in(S.PREPARING)
    steps = walk.steps(order_id)
    walk.say(order_id, "几点到", getattr(walk.street, who))
    name, data = told_events(walk.db)[-1]
    assert (name, data["what"], data["words"]) == ("order.trouble", "said", "几点到")
    assert data["to"] == heard_by
    assert walk.steps(order_id) == steps


@pytest.mark.parametrize("who", ["stranger", "other_merchant", "courier"])
def test_a_stranger_neither_reads_nor_speaks(walk: Walk, who: str) -> None:
    order_id, actor = walk.order_in(S.PREPARING), getattr(walk.street, who)
    with pytest.raises(NotYourOrder):
        walk.say(order_id, "让我看看", actor)
    with pytest.raises(NotYourOrder):
        thread(walk, order_id, actor)
    with pytest.raises(NotYourOrder):
        walk.say(new_id(), "有人吗")
    assert thread(walk, order_id).items == []


def test_photos_become_the_orders_own_once(walk: Walk) -> None:
    order_id, photo, request_id = walk.order_in(S.DELIVERED), walk.photo(), new_id()
    first = walk.say(order_id, "洒了", photos=[photo], request_id=request_id)
    (key,) = first.photos
    assert key.startswith("orders/")
    assert walk.files.read(key) == b"jpeg"
    with pytest.raises(NoSuchFile):
        walk.files.read(photo.key)
    assert walk.say(order_id, "洒了", photos=[photo], request_id=request_id) == first
    assert len(thread(walk, order_id).items) == 1
    with pytest.raises(RequestConflict):
        walk.say(order_id, "别的话", request_id=request_id)


def test_a_photo_that_is_not_the_one_spoken_of_is_refused_and_nothing_is_said(walk: Walk) -> None:
    order_id = walk.order_in(S.DELIVERED)
    altered = UploadedPhoto(key=walk.photo().key, sha256="0" * 64)
    with pytest.raises(FileAltered):
        walk.say(order_id, "看", photos=[altered])
    with pytest.raises(NoSuchFile):
        walk.say(order_id, "看", photos=[altered.model_copy(update={"key": "upload/none"})])
    assert thread(walk, order_id).items == []


def test_a_strangers_photo_stays_where_it_is(walk: Walk) -> None:
    order_id, photo = walk.order_in(S.DELIVERED), walk.photo()
    with pytest.raises(NotYourOrder):
        walk.say(order_id, "看", walk.street.stranger, photos=[photo])
    assert walk.files.read(photo.key) == b"jpeg"


def test_saying_nothing_is_malformed_and_an_unpaid_order_has_no_thread(walk: Walk) -> None:
    with pytest.raises(Malformed):
        walk.say(walk.order_in(S.PREPARING), "")
    unpaid = walk.order_in(S.AWAITING_PAYMENT)
    assert "say" not in walk.view(unpaid).may
    with pytest.raises(WrongState):
        walk.say(unpaid, "在吗")


def test_pages_go_on_where_the_last_one_ended(walk: Walk) -> None:
    order_id = walk.order_in(S.PREPARING)
    words = [str(number) for number in range(5)]
    for word in words:
        walk.say(order_id, word)
    read, after = [], None
    for _ in range(3):
        page = thread(walk, order_id, after=after, limit=2)
        read += [message.text for message in page.items]
        after = page.next_after
    assert (read, after) == (words, None)
