"""What WeChat sends, and what somebody else sends in its name."""

import time

import pytest

from services.contracts.marketing import NoSuchWechatAccount, WechatEventReceived
from services.kernel import clock
from tests.support.gateway import APP_ID, FakeServices, World
from tests.support.wechat import SUBSCRIBE, TEXT, opened, push, query, safe_push

BOMB = (
    '<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "aaaaaaaaaa">'
    '<!ENTITY c "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;">]>'
    "<xml><MsgType>text</MsgType><Content>&d;</Content></xml>"
)
XXE = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>'
    "<xml><FromUserName>a</FromUserName><ToUserName>b</ToUserName>"
    "<MsgType>text</MsgType><Content>&f;</Content></xml>"
)


def nothing_was_touched(world: World) -> bool:
    """No event was told, and no service asked for more than the account."""
    asked = {one.name for one in world.services.asked}
    return not world.teller.told and asked <= {"marketing.wechat_account"}


def test_the_echo_proves_that_we_know_the_token(world: World) -> None:
    answer = world.client().get("/wechat", query_string={**query(), "echostr": "12345"})
    assert (answer.status_code, answer.text) == (200, "12345")


def test_the_echo_of_a_stranger_is_refused(world: World) -> None:
    args = {**query("other-token"), "echostr": "12345"}
    assert world.client().get("/wechat", query_string=args).status_code == 403


def test_an_echo_that_carries_markup_is_refused(world: World) -> None:
    args = {**query(), "echostr": "<script>"}
    assert world.client().get("/wechat", query_string=args).status_code == 400


def test_a_text_is_answered_by_marketing(world: World) -> None:
    answer = push(world.client(), TEXT)
    assert answer.status_code == 200
    assert "豆浆在老陈早餐" in answer.text
    assert "<ToUserName><![CDATA[openid-1]]></ToUserName>" in answer.text
    assert world.services.questions("marketing.answer_text")[0].text == "豆浆"


def test_a_text_in_safe_mode_is_answered_in_safe_mode(world: World) -> None:
    answer = safe_push(world.client(), TEXT)
    assert answer.status_code == 200
    assert "豆浆在老陈早餐" not in answer.text
    assert "豆浆在老陈早餐" in opened(answer)


def test_a_text_is_answered_politely_and_in_time_when_every_service_is_down(world: World) -> None:
    push(world.client(), TEXT)  # the account is known from here on
    world.services.answers.clear()
    began = time.monotonic()
    answer = push(world.client(), TEXT)
    assert answer.status_code == 200
    assert "消息收到了" in answer.text
    assert time.monotonic() - began < 3
    waits = {one.name: one.deadline_ms for one in world.services.asked}
    assert waits["marketing.wechat_account"] + waits["marketing.answer_text"] <= 3000


def test_an_answer_cannot_break_out_of_its_element(world: World) -> None:
    from services.contracts.marketing import ReplyView

    world.services.answers["marketing.answer_text"] = ReplyView(text="]]><a>")
    assert "]]><a>" not in push(world.client(), TEXT).text


def test_an_event_is_told_before_success_is_said(world: World) -> None:
    answer = push(world.client(), SUBSCRIBE)
    assert (answer.status_code, answer.text) == (200, "success")
    event, _ = world.teller.told[0]
    assert isinstance(event, WechatEventReceived)
    assert (event.app_id, event.openid, event.kind) == (APP_ID, "openid-1", "subscribe")
    assert event.key == "qrscene_7"


def test_success_is_not_said_when_no_queue_has_the_event(world: World) -> None:
    world.teller.fails = True
    answer = push(world.client(), SUBSCRIBE)
    assert answer.status_code == 503
    assert answer.text != "success"


def test_a_repeated_event_is_the_same_event(world: World) -> None:
    push(world.client(), SUBSCRIBE)
    push(world.client(), SUBSCRIBE, **query(nonce="n2"))
    first, second = (event_id for _, event_id in world.teller.told)
    assert first == second


def test_an_unknown_kind_is_handed_on_and_acknowledged(world: World) -> None:
    assert push(world.client(), TEXT.replace("[text]", "[hologram]")).text == "success"
    assert len(world.teller.told) == 1


def test_an_event_of_the_future_happened_now(world: World) -> None:
    push(world.client(), SUBSCRIBE.replace("1772337600", "99999999999"))
    event, _ = world.teller.told[0]
    assert isinstance(event, WechatEventReceived)
    assert event.created_at <= clock.now()


def test_unsigned_is_refused(world: World) -> None:
    assert world.client().post("/wechat", data=SUBSCRIBE).status_code == 403
    assert nothing_was_touched(world)


def test_a_wrong_signature_is_refused(world: World) -> None:
    assert push(world.client(), SUBSCRIBE, **query("not-the-token")).status_code == 403
    assert nothing_was_touched(world)


@pytest.mark.parametrize("age_s", [301, 86400, -301])
def test_a_recording_is_refused(world: World, age_s: int) -> None:
    assert push(world.client(), SUBSCRIBE, **query(age_s=age_s)).status_code == 403
    assert nothing_was_touched(world)


def test_an_altered_ciphertext_is_refused(world: World) -> None:
    assert safe_push(world.client(), SUBSCRIBE, damage=True).status_code == 403
    assert nothing_was_touched(world)


@pytest.mark.parametrize(
    "body",
    [
        BOMB,
        XXE,
        "",
        "not xml",
        "<xml>",
        "<other/>",
        "<xml><MsgType>text</MsgType></xml>",
        "<xml>" + "<a>" * 5000,
        b"\xff\xfe\x00",
        "<xml><ToUserName>a</ToUserName><Encrypt>AAAA</Encrypt></xml>",
        TEXT.replace("[text]", "[文字]"),
        SUBSCRIBE.replace("[subscribe]", "[关注😀]"),
        SUBSCRIBE.replace("[subscribe]", "[]"),
        SUBSCRIBE.replace("openid-1", "openid 1"),
        SUBSCRIBE.replace("openid-1", "o" * 81),
        SUBSCRIBE.replace("<FromUserName>", "<FromUserName>two</FromUserName><FromUserName>"),
    ],
)
def test_what_is_no_message_of_wechat_is_refused_and_touches_nothing(
    world: World, body: str | bytes
) -> None:
    assert 400 <= push(world.client(), body).status_code < 500
    assert nothing_was_touched(world)


def test_fifty_megabytes_are_refused_unread(world: World) -> None:
    answer = push(world.client(), b"x" * 50 * 1024 * 1024)
    assert answer.status_code == 413
    assert nothing_was_touched(world)


def test_a_body_without_a_length_is_cut_off_at_the_limit(world: World) -> None:
    import io

    answer = world.client().post(
        "/wechat",
        query_string=query(),
        input_stream=io.BytesIO(b"x" * 200_000),
        environ_overrides={"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"},
    )
    assert answer.status_code == 413


def test_an_account_that_is_not_ours_is_refused(world: World) -> None:
    world.services.answers["marketing.wechat_account"] = NoSuchWechatAccount()
    assert push(world.client(), SUBSCRIBE, "/wechat/wxother").status_code == 404


def test_made_up_accounts_are_not_asked_for_again_and_again(world: World) -> None:
    world.services.answers["marketing.wechat_account"] = NoSuchWechatAccount()
    for _ in range(5):
        push(world.client(), SUBSCRIBE, "/wechat/wxother")
    assert len(world.services.questions("marketing.wechat_account")) == 1


def test_several_accounts_each_have_their_address(world: World) -> None:
    assert push(world.client(), SUBSCRIBE, f"/wechat/{APP_ID}").status_code == 200
    assert world.services.questions("marketing.wechat_account")[0].app_id == APP_ID


def test_an_old_account_is_used_while_it_is_read_again(world: World) -> None:
    push(world.client(), SUBSCRIBE)
    accounts = world.app.extensions["linli"].accounts
    accounts._max_age_s = -1.0
    world.services.answers = FakeServices().answers
    assert push(world.client(), SUBSCRIBE).status_code == 200
