"""Frozen money: what is shared, what comes back, and what WeChat Pay refuses."""

from typing import Any

import pytest

from tests.unit.sandbox.partner import SHOP, call, paid, register, share, share_state, shop_money
from tests.unit.sandbox.rig import Sandbox, eventually

RETURNS = "/v3/profitsharing/return-orders"


@pytest.fixture
def shares(sandbox: Sandbox) -> Sandbox:
    """A sandbox with one shop, where 30 seconds are over at once."""
    register(sandbox)
    sandbox.api("PUT", "settings", {"speed_up": 86_400, "share_delay_s": 0.02})
    return sandbox


def finished(sandbox: Sandbox, number: str, transaction_id: str) -> dict[str, Any]:
    answer: dict[str, Any] = eventually(
        lambda: (
            found
            if (found := share_state(sandbox, number, transaction_id))["state"] == "FINISHED"
            else None
        )
    )
    return answer


def give_back(sandbox: Sandbox, number: str, share_no: str, fen: int) -> Any:
    body = {
        "sub_mchid": SHOP,
        "out_order_no": share_no,
        "out_return_no": number,
        "return_mchid": sandbox.world.account.mchid,
        "amount": fen,
        "description": "退款",
    }
    return call(sandbox, "POST", RETURNS, body)


def refund(sandbox: Sandbox, number: str, out_trade_no: str, fen: int, total: int = 1000) -> Any:
    amount = {"refund": fen, "total": total, "currency": "CNY"}
    body = {"sub_mchid": SHOP, "out_refund_no": number, "out_trade_no": out_trade_no}
    return call(sandbox, "POST", "/v3/refund/domestic/refunds", body | {"amount": amount})


def test_commission_goes_to_the_property_and_the_rest_to_the_shop(shares: Sandbox) -> None:
    transaction_id = paid(shares, "partner001")
    assert shop_money(shares) == (1000, 0)

    status, first = share(shares, "s1", transaction_id, 60)

    assert (status, first["state"], first["receivers"][0]["result"]) == (
        200,
        "PROCESSING",
        "PENDING",
    )
    parts = finished(shares, "s1", transaction_id)["receivers"]
    mchid = shares.world.account.mchid
    assert {(part["account"], part["amount"], part["result"]) for part in parts} == {
        (mchid, 60, "SUCCESS"),
        (SHOP, 940, "SUCCESS"),
    }
    assert shop_money(shares) == (0, 940)


def test_the_same_share_again_is_one_and_another_under_its_number_is_refused(
    shares: Sandbox,
) -> None:
    transaction_id = paid(shares, "partner001")
    assert share(shares, "s1", transaction_id, 60)[0] == 200
    finished(shares, "s1", transaction_id)
    assert share(shares, "s1", transaction_id, 60)[0] == 200
    assert share(shares, "s1", transaction_id, 61)[1]["code"] == "INVALID_REQUEST"
    assert shop_money(shares) == (0, 940)


def test_unfreezing_gives_the_shop_everything(shares: Sandbox) -> None:
    transaction_id = paid(shares, "partner001")
    body = {
        "sub_mchid": SHOP,
        "transaction_id": transaction_id,
        "out_order_no": "u1",
        "description": "解冻",
    }
    assert call(shares, "POST", "/v3/profitsharing/orders/unfreeze", body)[0] == 200
    finished(shares, "u1", transaction_id)
    assert shop_money(shares) == (0, 1000)
    amounts = f"/v3/profitsharing/transactions/{transaction_id}/amounts"
    assert call(shares, "GET", amounts)[1]["unsplit_amount"] == 0


def test_nothing_is_shared_in_the_first_thirty_seconds(shares: Sandbox) -> None:
    shares.api("PUT", "settings", {"speed_up": 1})
    transaction_id = paid(shares, "partner001")
    status, answer = share(shares, "s1", transaction_id, 60)
    assert (status, answer["code"]) == (400, "INVALID_REQUEST")
    assert "30秒" in answer["message"]


def test_what_the_rules_do_not_allow_is_refused_and_moves_nothing(shares: Sandbox) -> None:
    transaction_id = paid(shares, "partner001")
    wrong: tuple[tuple[dict[str, Any], str], ...] = (
        ({"fen": 301}, "RULE_LIMIT"),
        ({"fen": 1001}, "NOT_ENOUGH"),
        ({"sub_mchid": "1699999999"}, "NO_AUTH"),
        ({"transaction_id": "4200000000"}, "RESOURCE_NOT_EXISTS"),
        ({"receivers": []}, "PARAM_ERROR"),
        ({"unfreeze_unsplit": "yes"}, "PARAM_ERROR"),
    )
    for changed, code in wrong:
        asked: dict[str, Any] = {"transaction_id": transaction_id, "fen": 60} | changed
        assert share(shares, "s1", **asked)[1]["code"] == code, changed
    part = {"type": "MERCHANT_ID", "account": "1900000001", "amount": 1, "description": "x"}
    assert share(shares, "s1", transaction_id, 1, receivers=[part])[1]["code"] == "NO_AUTH"
    assert shop_money(shares) == (1000, 0)


def test_money_that_was_not_frozen_or_is_free_again_cannot_be_shared(shares: Sandbox) -> None:
    free = paid(shares, "partner001", settle_info={"profit_sharing": False})
    assert share(shares, "s1", free, 60)[1]["code"] == "INVALID_REQUEST"
    shared = paid(shares, "partner002")
    share(shares, "s2", shared, 60)
    finished(shares, "s2", shared)
    assert share(shares, "s3", shared, 60)[1]["code"] == "INVALID_REQUEST"


def test_a_receiver_that_cannot_receive_is_closed_and_the_money_stays_frozen(
    shares: Sandbox,
) -> None:
    shares.api("PUT", "trouble", {"shares": "closed"})
    transaction_id = paid(shares, "partner001")
    share(shares, "s1", transaction_id, 60)
    (part,) = finished(shares, "s1", transaction_id)["receivers"]
    assert (part["result"], part["fail_reason"]) == ("CLOSED", "ACCOUNT_ABNORMAL")
    assert shop_money(shares) == (1000, 0)


def test_a_refund_of_shared_money_wants_it_back_first(shares: Sandbox) -> None:
    transaction_id = paid(shares, "partner001")
    share(shares, "s1", transaction_id, 60)
    finished(shares, "s1", transaction_id)
    assert refund(shares, "r1", "partner001", 1000)[1]["code"] == "NOT_ENOUGH"

    assert give_back(shares, "b1", "s1", 61)[1]["code"] == "INVALID_REQUEST"
    assert give_back(shares, "b1", "s1", 60)[1]["result"] == "PROCESSING"
    query = f"{RETURNS}/b1?sub_mchid={SHOP}&out_order_no=s1"
    eventually(lambda: call(shares, "GET", query)[1]["result"] == "SUCCESS")

    assert refund(shares, "r2", "partner001", 1000)[0] == 200
    assert shop_money(shares) == (0, 0)
    resource = shares.notices(1)[-1]["resource"]
    assert resource["sub_mchid"] == SHOP


def test_a_return_that_fails_can_be_tried_under_another_number(shares: Sandbox) -> None:
    transaction_id = paid(shares, "partner001")
    share(shares, "s1", transaction_id, 60)
    finished(shares, "s1", transaction_id)
    shares.api("PUT", "trouble", {"returns": "failed"})
    give_back(shares, "b1", "s1", 60)
    query = f"{RETURNS}/b1?sub_mchid={SHOP}&out_order_no=s1"
    failed = eventually(
        lambda: (
            found if (found := call(shares, "GET", query)[1])["result"] != "PROCESSING" else None
        )
    )
    assert (failed["result"], failed["fail_reason"]) == ("FAILED", "PAYER_ACCOUNT_ABNORMAL")
    shares.api("DELETE", "trouble")
    assert give_back(shares, "b2", "s1", 60)[0] == 200


def test_a_refund_without_the_shops_number_is_not_found(shares: Sandbox) -> None:
    paid(shares, "partner001")
    assert shares.refund("partner001", "r1", 1000, 1000)[0] == 404


def test_a_name_that_is_not_the_merchants_is_no_receiver(shares: Sandbox) -> None:
    account = shares.world.account
    body = {
        "sub_mchid": SHOP,
        "appid": account.app_id,
        "type": "MERCHANT_ID",
        "account": account.mchid,
        "relation_type": "SERVICE_PROVIDER",
    }
    sealed = shares.client._core.encrypt("别的公司")
    for name, code in ((sealed, "INVALID_REQUEST"), ("in clear", "PARAM_ERROR")):
        status, answer = call(
            shares, "POST", "/v3/profitsharing/receivers/add", body | {"name": name}
        )
        assert (status, answer["code"]) == (400, code)
