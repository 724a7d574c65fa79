"""What comes in from outside in WeChat's name and is not WeChat's, or not for the first time.

Each drill looks at the rows of money and orders before and after: what is refused touches none.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from deploy.sandbox.keys import Account
from tests.support.outside import NOTIFY, WEBHOOK, Door, Forger, Sent, forgeries
from tests.support.servers import wait_until
from tests.support.wechat import SUBSCRIBE, TEXT, Secrets, query, sealed
from tests.system.followers import follows, greeted_once, greetings, newcomer
from tests.system.life import Life
from tests.system.watched import (
    Unpaid,
    at_rest,
    becomes_paid,
    confirm,
    notice_about,
    outcomes,
    snapshot,
)

pytestmark = [pytest.mark.stack, pytest.mark.usefixtures("audited", "peace")]

FIFTY_MB = 50 * 1024 * 1024
ENOUGH_READ = 2 * 1024 * 1024
"""More than a socket's buffers hold, far less than the body."""
WECHAT_WAITS_S = 5.0


@pytest.fixture
def peace(life: Life) -> Iterator[None]:
    """Whatever trouble a drill makes ends with it, and no sign test was ever taken for a notice."""
    yield
    life.phone.trouble()
    life.phone.send("PUT", "settings", {"signtest_every": 20})
    assert life.phone.get("notices", limit=1)["counts"]["probes_accepted"] == 0


@pytest.fixture
def door(life: Life) -> Door:
    return Door(life.gateway)


@pytest.fixture
def account(forger: Forger) -> Account:
    """What only WeChat and we should know."""
    return forger.account


@pytest.fixture
def forger(life: Life) -> Forger:
    return Forger(life.installation.home.sandbox)


# pay notices


def test_forged_notices_are_refused_and_the_order_stays_to_be_paid(
    life: Life, door: Door, forger: Forger
) -> None:
    paid, order = Unpaid(life), Unpaid(life)
    confirm(life, paid)
    becomes_paid(life, paid)
    [recorded, *_] = life.phone.get(f"notices/{notice_about(life, paid.trade_no)['id']}/recorded")[
        "attempts"
    ]
    genuine = Sent(recorded["body"].encode(), recorded["headers"])
    before = at_rest(life)
    cases = forgeries(forger, order.trade_no, order.amount_fen, genuine)
    assert {name: door.notify(sent) for name, (_, sent) in cases.items()} == {
        name: status for name, (status, _) in cases.items()
    }
    assert snapshot(life) == before
    confirm(life, order)
    becomes_paid(life, order)


def test_a_recorded_notice_is_a_duplicate_however_often_it_comes(life: Life) -> None:
    order = Unpaid(life)
    confirm(life, order)
    becomes_paid(life, order)
    before = at_rest(life)
    notice = f"notices/{notice_about(life, order.trade_no)['id']}/replay"
    for wish in ({"times": 3}, {"times": 2, "fresh": True}):
        statuses = [one["status"] for one in life.phone.send("POST", notice, wish)["outcomes"]]
        assert statuses == [200] * wish["times"]
    assert snapshot(life) == before
    assert outcomes(life, order.trade_no) == {"accepted": 1, "duplicate": 5}


def test_a_notice_that_comes_ten_times_at_once_is_taken_once(
    life: Life, door: Door, forger: Forger
) -> None:
    order = Unpaid(life)
    life.phone.trouble(hold_notices=True)
    transaction_id = life.phone.send("POST", "pay", order.pay_sheet)["transaction_id"]
    told = forger.paid(order.trade_no, order.amount_fen, transaction_id=transaction_id)
    sent = forger.signed(forger.body(told))
    with ThreadPoolExecutor(10) as senders:
        assert list(senders.map(lambda _: door.notify(sent), range(10))) == [200] * 10
    assert outcomes(life, order.trade_no) == {"accepted": 1, "duplicate": 9}
    becomes_paid(life, order)


def test_a_notice_of_a_wrong_amount_is_refused_until_the_query_has_found_the_truth(
    life: Life,
) -> None:
    order = Unpaid(life)
    before = snapshot(life)
    life.phone.trouble(wrong_amount=True)
    confirm(life, order)
    wait_until(lambda: len(notice_about(life, order.trade_no)["attempts"]) > 1, 10, "two tries")
    tries = notice_about(life, order.trade_no)["attempts"]
    assert {one["status"] for one in tries if one["kind"] == "notice"} == {422}
    assert snapshot(life) == before
    becomes_paid(life, order)
    assert notice_about(life, order.trade_no)["state"] == "waiting"
    assert "accepted" not in outcomes(life, order.trade_no)


def both_came(life: Life, number: str) -> None:
    wait_until(lambda: outcomes(life, number).total() == 2, 10, "the notice came twice")


def test_notices_that_come_twice_and_in_any_order_hold_each_order_once(life: Life) -> None:
    orders = [Unpaid(life, number) for number in range(5)]
    life.phone.trouble(send_twice=True, shuffle_window_s=1.5)
    confirm(life, *orders)
    becomes_paid(life, *orders)
    for order in orders:
        both_came(life, order.trade_no)
        assert outcomes(life, order.trade_no) == {"accepted": 1, "duplicate": 1}


def test_an_order_is_paid_though_its_first_notices_are_lost(life: Life) -> None:
    order = Unpaid(life)
    life.phone.trouble(lose_first_notices=2)
    confirm(life, order)
    becomes_paid(life, order)
    kinds = [one["kind"] for one in notice_about(life, order.trade_no)["attempts"]]
    assert kinds[:2] == ["lost", "lost"]


def test_an_order_is_paid_though_no_notice_comes_at_all(life: Life) -> None:
    order = Unpaid(life)
    life.phone.trouble(hold_notices=True)
    confirm(life, order)
    becomes_paid(life, order)
    assert notice_about(life, order.trade_no)["attempts"] == []


def test_sign_tests_are_refused_and_the_notice_behind_them_is_taken(life: Life) -> None:
    life.phone.send("PUT", "settings", {"signtest_every": 1})
    order = Unpaid(life)
    confirm(life, order)
    becomes_paid(life, order)
    tries = notice_about(life, order.trade_no)["attempts"]
    assert [(one["kind"], one["status"]) for one in tries] == [("signtest", 401), ("notice", 200)]


@pytest.mark.parametrize("chunked", [False, True])
def test_fifty_megabytes_are_refused_before_they_are_read(
    life: Life, door: Door, account: Account, chunked: bool
) -> None:
    before = snapshot(life)
    signed = {"Wechatpay-Signature": "c2ln", "Wechatpay-Timestamp": "0"}
    webhook = f"{WEBHOOK}?{urlencode(query(account.token))}"
    for path, headers in ((NOTIFY, signed), (webhook, {})):
        status, sent = door.pour(path, FIFTY_MB, headers, chunked=chunked)
        assert (status, sent < ENOUGH_READ) == (413, True), f"{sent} bytes of {path} were taken"
    assert snapshot(life) == before


# pushes to the webhook


XXE = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>' + TEXT.replace(
    "<![CDATA[豆浆]]>", "&f;"
)
BOMB = (
    '<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a0 "aaaaaaaaaa">'
    + "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(9))
    + "]>"
    + TEXT.replace("<![CDATA[豆浆]]>", "&a9;")
)


def by(xml: str, openid: str) -> str:
    """A push of this person, of this moment."""
    return xml.replace("openid-1", openid).replace("1772337600", str(int(time.time())))


def test_forged_pushes_are_refused_and_touch_nothing(
    life: Life, door: Door, account: Account
) -> None:
    before = at_rest(life)
    ours = Secrets(account.token, account.aes_key, account.app_id)
    fresh = query(account.token)
    cases: dict[str, tuple[int, tuple[Any, ...]]] = {
        "unsigned": (403, (SUBSCRIBE, {})),
        "signed with another token": (403, (SUBSCRIBE, query("another"))),
        "another nonce": (403, (SUBSCRIBE, fresh | {"nonce": "other"})),
        "a recording of six minutes ago": (403, (SUBSCRIBE, query(account.token, age_s=360))),
        "from the future": (403, (SUBSCRIBE, query(account.token, age_s=-360))),
        "one letter of the ciphertext altered": (403, sealed(SUBSCRIBE, ours, damage=True)),
        "sealed with another key": (400, sealed(SUBSCRIBE, ours._replace(aes_key="k" * 43))),
        "sealed for another account": (400, sealed(SUBSCRIBE, ours._replace(app_id="wx0"))),
        "a bomb inside the seal": (400, sealed(BOMB, ours)),
        "an outside file": (400, (XXE, fresh)),
        "an entity bomb": (400, (BOMB, fresh)),
        "a bomb in UTF-16": (400, (BOMB.encode("utf-16"), fresh)),
        "not XML": (400, ("<xml><MsgType>", fresh)),
        "ten thousand levels": (400, ("<xml>" + "<a>" * 10_000, fresh)),
        "nothing": (400, ("", fresh)),
        "of an account that is not ours": (404, (SUBSCRIBE, fresh, "/wechat/wx0000000000000000")),
    }
    assert {name: door.push(*push).status_code for name, (_, push) in cases.items()} == {
        name: status for name, (status, _) in cases.items()
    }
    assert snapshot(life) == before


def test_a_push_that_comes_again_takes_effect_once(
    life: Life, door: Door, account: Account
) -> None:
    openid = newcomer(life)
    xml, args = by(SUBSCRIBE, openid), query(account.token)
    for again in (args, args, query(account.token)):
        answer = door.push(xml, again)
        assert (answer.status_code, answer.text) == (200, "success")
    greeted_once(life, openid)


@pytest.mark.parametrize(
    "xml",
    [TEXT.replace("[text]", "[hologram]"), SUBSCRIBE.replace("[subscribe]", "[teleported]")],
)
def test_what_nobody_knows_is_acknowledged_and_kept(
    life: Life, door: Door, account: Account, xml: str
) -> None:
    before, openid = at_rest(life), newcomer(life)
    answer = door.push(by(xml, openid), query(account.token))
    assert (answer.status_code, answer.text) == (200, "success")
    kept = f"SELECT COUNT(*) FROM wechat_event WHERE openid = '{openid}'"
    wait_until(lambda: life.scalar("marketing", kept) == 1, 20, "it is on record")
    after = snapshot(life)
    assert len(after.pop("marketing.wechat_event")) == len(before.pop("marketing.wechat_event")) + 1
    assert after == before
    assert greetings(life, openid) == []


@pytest.mark.parametrize("mode", ["plain", "safe"])
def test_a_text_is_answered_and_a_follower_greeted_though_every_service_is_stopped(
    life: Life, mode: str
) -> None:
    openid = newcomer(life)
    life.phone.send("PUT", "settings", {"webhook_mode": mode})
    life.installation.stop_part("services")
    try:
        said = life.phone.send("POST", f"people/{openid}/text", {"text": "豆浆"})
        followed = follows(life, openid)
    finally:
        life.installation.start_part("services")
        life.phone.send("PUT", "settings", {"webhook_mode": "plain"})
        life.installation.wait()
    assert (said["outcome"], len(said["tries"])) == ("replied", 1)
    assert said["tries"][0]["ms"] < WECHAT_WAITS_S * 1000
    assert "消息收到了" in said["replies"][0]["text"]
    assert (followed["outcome"], len(followed["tries"])) == ("success", 1)
    wait_until(lambda: len(greetings(life, openid)) == 2, 60, "the greeting is on the phone")


def test_a_follower_is_greeted_once_though_the_process_dies_with_the_event(
    life: Life, arm: Callable[[str], Path]
) -> None:
    openid = newcomer(life)
    mark = arm("wechat.event_received.before_commit")
    assert follows(life, openid)["outcome"] == "success"
    wait_until(mark.exists, 30, "the process dies")
    greeted_once(life, openid)
