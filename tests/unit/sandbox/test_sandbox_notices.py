"""Notices: sealed and signed as WeChat does, repeated until taken, with every trouble."""

import json

import requests

from tests.unit.sandbox.rig import Sandbox, eventually


def counts(sandbox: Sandbox) -> dict[str, int]:
    found: dict[str, int] = sandbox.api("GET", "notices")["counts"]
    return found


def test_a_notice_opens_with_the_real_client_and_tells_the_payment(sandbox: Sandbox) -> None:
    paid = sandbox.paid("order00001", 1400)

    notice = sandbox.notices(1)[0]

    assert notice["event_type"] == "TRANSACTION.SUCCESS"
    assert notice["resource"]["out_trade_no"] == "order00001"
    assert notice["resource"]["transaction_id"] == paid["transaction_id"]
    assert notice["resource"]["amount"]["total"] == 1400
    assert notice["resource"]["mchid"] == sandbox.world.account.mchid
    eventually(lambda: counts(sandbox)["delivered"] == 1)


def test_an_altered_notice_does_not_verify(sandbox: Sandbox) -> None:
    sandbox.paid("order00001")
    sandbox.notices(1)
    headers, body = sandbox.shop.received[0]

    assert sandbox.client.callback(headers, body.replace(b"TRANSACTION", b"TRANSACTI0N")) is None


def test_a_refused_notice_comes_again_with_the_same_id(sandbox: Sandbox) -> None:
    sandbox.shop.answers = [500, 401, 204]
    sandbox.paid("order00001")

    notices = sandbox.notices(3)

    assert len({notice["id"] for notice in notices}) == 1
    eventually(lambda: counts(sandbox)["delivered"] == 1)
    assert counts(sandbox)["refused"] == 2
    assert len(sandbox.shop.received) == 3


def test_a_notice_is_given_up_after_the_documented_fifteen_repeats(sandbox: Sandbox) -> None:
    sandbox.api("PUT", "settings", {"speed_up": 80_000.0})
    sandbox.shop.answers = [500] * 100

    sandbox.paid("order00001")

    eventually(lambda: counts(sandbox)["given_up"] == 1, within_s=10)
    assert len(sandbox.shop.received) == 16


def test_lost_notices_arrive_by_the_repeats(sandbox: Sandbox) -> None:
    sandbox.api("PUT", "trouble", {"lose_first_notices": 2})

    sandbox.paid("order00001")

    sandbox.notices(1)
    kinds = [item["kind"] for item in sandbox.api("GET", "notices")["notices"][0]["attempts"]]
    assert kinds[:2] == ["lost", "lost"]


def test_notices_can_come_twice(sandbox: Sandbox) -> None:
    sandbox.api("PUT", "trouble", {"send_twice": True})

    sandbox.paid("order00001")

    first, second = sandbox.notices(2)
    assert first["id"] == second["id"]


def test_notices_can_be_held_and_let_go(sandbox: Sandbox) -> None:
    sandbox.api("PUT", "trouble", {"hold_notices": True})
    sandbox.paid("order00001")
    assert counts(sandbox)["waiting"] == 1

    sandbox.api("PUT", "trouble", {"hold_notices": False})

    assert sandbox.notices(1)


def test_a_shuffled_window_changes_the_order(sandbox: Sandbox) -> None:
    sandbox.api("PUT", "trouble", {"shuffle_window_s": 0.4})
    numbers = [f"order0000{n}" for n in range(8)]
    for number in numbers:
        sandbox.paid(number)

    arrived = [notice["resource"]["out_trade_no"] for notice in sandbox.notices(8)]

    assert sorted(arrived) == numbers
    assert arrived != numbers


def test_a_wrong_amount_is_in_the_notice_only(sandbox: Sandbox) -> None:
    sandbox.api("PUT", "trouble", {"wrong_amount": True})
    sandbox.paid("order00001", 1400)

    assert sandbox.notices(1)[0]["resource"]["amount"]["total"] == 1401
    answer = json.loads(sandbox.client.query(out_trade_no="order00001")[1])
    assert answer["amount"]["total"] == 1400


def test_a_probe_has_a_signature_that_must_be_refused(sandbox: Sandbox) -> None:
    sandbox.api("PUT", "settings", {"signtest_every": 1})
    sandbox.shop.answers = [401]

    sandbox.paid("order00001")

    probe, real = sandbox.notices(2)
    assert probe is None
    assert real["event_type"] == "TRANSACTION.SUCCESS"
    signature = sandbox.shop.received[0][0]["Wechatpay-Signature"]
    assert signature.startswith("WECHATPAY/SIGNTEST/")
    eventually(lambda: counts(sandbox)["probes"] == 1)
    assert counts(sandbox)["probes_accepted"] == 0


def test_a_recorded_notice_can_be_replayed_byte_by_byte_or_signed_anew(sandbox: Sandbox) -> None:
    sandbox.paid("order00001")
    sandbox.notices(1)
    notice = eventually(
        lambda: next(
            (n for n in sandbox.api("GET", "notices")["notices"] if n["state"] == "delivered"), None
        )
    )

    old = sandbox.api("POST", f"notices/{notice['id']}/replay", {"times": 2})
    sandbox.api("POST", f"notices/{notice['id']}/replay", {"fresh": True})

    assert [outcome["status"] for outcome in old["outcomes"]] == [204, 204]
    bodies = [body for _, body in sandbox.shop.received]
    signatures = [headers["Wechatpay-Signature"] for headers, _ in sandbox.shop.received]
    assert bodies[0] == bodies[1] == bodies[2] != bodies[3]
    assert signatures[0] == signatures[1] == signatures[2] != signatures[3]
    recorded = sandbox.api("GET", f"notices/{notice['id']}/recorded")["attempts"]
    assert recorded[0]["body"].encode() == bodies[0]


def test_notices_left_by_a_former_process_are_sent_by_the_next(sandbox: Sandbox) -> None:
    sandbox.api("PUT", "trouble", {"hold_notices": True})
    sandbox.paid("order00001")
    sandbox.world.timers.clear()
    sandbox.api("PUT", "trouble", {"hold_notices": False})

    sandbox.world.notices.resume()

    assert sandbox.notices(1)


def test_unknown_trouble_is_refused(sandbox: Sandbox) -> None:
    answers = [
        requests.put(f"{sandbox.url}/sandbox/api/trouble", json=body, timeout=5)
        for body in ({"rain": 1}, {"refunds": "maybe"}, {"send_twice": 1}, {"notice_delay_s": -1})
    ]

    assert [answer.status_code for answer in answers] == [400] * 4
