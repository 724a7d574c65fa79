"""A pay channel's notice reaches settlement untouched, and is acknowledged only by its word."""

import pytest

from services.contracts.settlement import (
    Channel,
    NoticeMismatch,
    NoticeRefused,
    NoticeView,
    ReceiveNotice,
)
from services.kernel.errors import DeadlineExceeded, InvariantBroken, LinliError, Unavailable
from tests.support.gateway import World

PATH = "/pay/wechat/notify"
BODY = '{ "id":"1",\n "summary":"支付成功"  }'
HEADERS = {
    "Wechatpay-Signature": "c2ln",
    "Wechatpay-Timestamp": "1772337600",
    "Wechatpay-Nonce": "n",
    "Wechatpay-Serial": "PUB_KEY_ID_1",
    "Content-Type": "application/json",
    "Cookie": "linli_session=secret",
}


def test_the_raw_bytes_and_the_signature_reach_settlement(world: World) -> None:
    answer = world.client().post(PATH, data=BODY.encode(), headers=HEADERS)
    assert (answer.status_code, answer.json) == (200, {"code": "SUCCESS", "message": "成功"})
    [notice] = world.services.questions("settlement.receive_notice")
    assert isinstance(notice, ReceiveNotice)
    assert notice.body == BODY
    assert notice.headers["Wechatpay-Signature"] == "c2ln"
    assert "Cookie" not in notice.headers
    assert world.services.asked[-1].deadline_ms <= 4000


def test_a_duplicate_is_acknowledged(world: World) -> None:
    world.services.answers["settlement.receive_notice"] = NoticeView(duplicate=True)
    assert world.client().post(PATH, data=BODY, headers=HEADERS).status_code == 200


def test_the_same_bytes_again_are_the_same_wish(world: World) -> None:
    for _ in range(2):
        world.client().post(PATH, data=BODY, headers=HEADERS)
    first, second = world.services.questions("settlement.receive_notice")
    assert first.request_id == second.request_id


@pytest.mark.parametrize(
    ("error", "low", "high"),
    [
        (NoticeRefused(), 400, 499),
        (NoticeMismatch(), 400, 499),
        (Unavailable(), 500, 599),
        (DeadlineExceeded(), 500, 599),
        (InvariantBroken(), 500, 599),
    ],
)
def test_what_settlement_does_not_take_is_not_acknowledged(
    world: World, error: LinliError, low: int, high: int
) -> None:
    world.services.answers["settlement.receive_notice"] = error
    answer = world.client().post(PATH, data=BODY, headers=HEADERS)
    assert low <= answer.status_code <= high
    assert answer.json is not None
    assert answer.json["code"] == "FAIL"


def test_without_a_signature_settlement_is_not_even_asked(world: World) -> None:
    assert world.client().post(PATH, data=BODY).status_code == 401
    assert world.services.asked == []


@pytest.mark.parametrize(("body", "status"), [(b"\xff\xfe", 400), (b"x" * 70_000, 413)])
def test_junk_is_refused_here(world: World, body: bytes, status: int) -> None:
    assert world.client().post(PATH, data=body, headers=HEADERS).status_code == status
    assert world.services.asked == []


def test_fifty_megabytes_are_refused_unread(world: World) -> None:
    big = b"x" * 50 * 1024 * 1024
    assert world.client().post(PATH, data=big, headers=HEADERS).status_code == 413


FORMS = [
    ("/pay/alipay/notify", Channel.ALIPAY, b"subject=%E8%B1%86+&sign=c2ln%3D", "success"),
    ("/pay/unionpay/notify", Channel.UNIONPAY, b"respMsg=%E6%88%90&signature=c2ln", "ok"),
]


@pytest.mark.parametrize(("path", "channel", "body", "thanks"), FORMS)
def test_a_signed_form_reaches_settlement_raw_and_is_thanked_for_in_one_word(
    world: World, path: str, channel: Channel, body: bytes, thanks: str
) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": "linli_session=s"}
    answer = world.client().post(path, data=body, headers=headers)
    assert (answer.status_code, answer.text) == (200, thanks)
    [notice] = world.services.questions("settlement.receive_notice")
    assert (notice.channel, notice.body) == (channel, body.decode())
    assert "Cookie" not in notice.headers


@pytest.mark.parametrize(("path", "channel", "body", "thanks"), FORMS)
@pytest.mark.parametrize("error", [NoticeRefused(), NoticeMismatch(), Unavailable()])
def test_a_form_that_settlement_does_not_take_comes_again(
    world: World, path: str, channel: Channel, body: bytes, thanks: str, error: LinliError
) -> None:
    world.services.answers["settlement.receive_notice"] = error
    answer = world.client().post(path, data=body)
    assert answer.status_code >= 400
    assert answer.text == "fail"


@pytest.mark.parametrize(("path", "channel", "body", "thanks"), FORMS)
def test_a_form_without_a_signature_does_not_get_to_settlement(
    world: World, path: str, channel: Channel, body: bytes, thanks: str
) -> None:
    assert world.client().post(path, data=b"a=1").status_code == 401
    assert world.client().post(path, data=b"\xff&sign=&signature=").status_code == 400
    assert world.services.asked == []


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_channels_page_leads_back_to_the_result_whether_it_links_or_posts(
    world: World, method: str
) -> None:
    answer = world.client().open("/pay/back/01PAYMENT", method=method, data={"respCode": "00"})
    assert answer.status_code == 303
    assert answer.location == "/h5/pay/01PAYMENT/result"
    assert world.services.asked == []
