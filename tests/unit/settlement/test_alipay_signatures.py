"""Alipay's own worked examples, and what is believed of a notice, with keys made for the test.

The examples are in the tests of Alipay's official SDK for Node.js (alipay-sdk-nodejs-all,
test/alipay.test.js 「checkNotifySign」 and 「checkResponseSign」 with the public keys of
test/fixtures): a payment's notice of 2019 and an answer of the gateway, both signed by Alipay.
"""

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from services.contracts.settlement import NoticeRefused
from services.kernel.errors import Unavailable
from services.settlement.channels.alipay_notice import NoticeReader
from services.settlement.channels.alipay_wire import AlipayWire
from services.settlement.domain.channel import Trade, TradeState

NOTICE_KEY = """-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAozecNNRnJMRAjSOjVDq6
WwVWDgUKp3Rs8d55UmSNz6jTOIzJfSwEHETen0gkRgtfH+he8BnCkJKegLTjLOD4
4tyIzHpiYi4Hc4mas/HnNhQ9t3a4sJPOI5zWaPX0q1+OucuA664psRrQoCSCBHr5
5FMC/lqrTHRQ4/+EfbPwuwpD5Q2OumPHLt4OYv9YuE5oJ19/1I/cQM4bWle7s4vN
VZCHLT+UUXYWX4KhSa8NcvyU9+9wjRZVUz6yvLbAcxd2KUeovF8papVO6Tw9tE2I
LxiW0lPTZDCgZ1kDKi5m5k3W0S1w32qEmlxXT//4QFN5Nj7YRmxOc260ts4dfKKQ
RwIDAQAB
-----END PUBLIC KEY-----"""
ANSWER_KEY = """-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA6kdjvWNCT+K3qQQgAyv+
8k0+lkrL6+dA+cb9OAX5sZgIxP2ycK51VYxwZgZgHCIWCkB/l/Zqqhye/E6x/nNM
SqRkW3FGpP4/hKWByG3Ah8DXRcUaAvd8aCWHcBpgZqjBp3ADPTcHViI10cGe0mn1
3wGaIZQl6G74CtnY6YQJ/1NkoE+C9Z0VD4xor4oJOZW1/rbc85InBmjU87BWtxmk
IQWWVw+Vwd0EL8oDU9GWNZ1Se9sZf4UHxs+goHh3/JhQly3iKqlt/hgFsip78kvd
eDwoL8gS6RCUi+Bp6j9Ee5Thd+CC61Ilk7iKiUQMMVn6+kdTGcV2XwUBezH2Go4d
lwIDAQAB
-----END PUBLIC KEY-----"""
NOTICE = {
    "app_id": "2018121762595097",
    "auth_app_id": "2018121762595097",
    "buyer_id": "2088512613526436",
    "buyer_logon_id": "152****6706",
    "buyer_pay_amount": "0.01",
    "charset": "utf-8",
    "fund_bill_list": '[{"amount":"0.01","fundChannel":"PCREDIT"}]',
    "gmt_create": "2019-05-23 14:13:56",
    "gmt_payment": "2019-05-23 14:17:13",
    "invoice_amount": "0.01",
    "notify_id": "2019052300222141714026431019971405",
    "notify_time": "2019-05-23 14:17:14",
    "notify_type": "trade_status_sync",
    "out_trade_no": "tpxy23962362669658",
    "point_amount": "0.00",
    "receipt_amount": "0.01",
    "seller_email": "myapp@alitest.com",
    "seller_id": "2088331578818800",
    "sign": (
        "T946S2qyNFAXLhAaRgNMmatxH6SO3MyWYFnTamQOgW1iAcheL/Zz+VoizwvEc6mTEwYewvvKS1wNkMQ1oEajMUHv"
        "9+cXQ9IFvU/qKS9Ktvw5xHvCaK0fj7LsVcQ7VxfyT3kSvXUDfKDP4cHSPuSZKwM2ybkzr53bIH9OUTpTQd2d3J0r"
        "bdf76OoUt+XF9vwqj7OVE7AGjH2HPWp842DgL/YVy4qeA9N2uFKRevT3YUskjaRxuI/E66reNjTMFhbjEqGLKvMc"
        "DD4BaQXnibq9ojAj60589fBwzKk3yWsVQmqGfksMQoheVMtZ3lAw4o2ty3TFngbVFFLwgx8FDpBZ9Q=="
    ),
    "sign_type": "RSA2",
    "subject": "tpxy2222896485",
    "total_amount": "0.01",
    "trade_no": "2019052322001426431037869358",
    "trade_status": "TRADE_SUCCESS",
    "version": "1.0",
}
ANSWER_NAME = "alipay_offline_material_image_upload_response"
ANSWER = (
    r'{"code":"10000","msg":"Success","image_id":"akGwYYaFTai3r1uB0ww-1QAAACMAAQQD","image_url":'
    r'"https:\/\/oalipay-dl-django.alicdn.com\/rest\/1.0\/image?fileIds='
    r'akGwYYaFTai3r1uB0ww-1QAAACMAAQQD&zoom=original"}'
)
ANSWER_SIGN = (
    "PAb3IueJzGe/pU/fRAPjwIs543Kc/A6D0rz03AMejwr8h8rDc6FhDJDnz3fGLDdQP7ctjtQwwJW3pmdZZcGmp4lb/5YYgtoK"
    "6McjnRr4ER/raJLYn1IbpzkowhGow2esA/XeDblIAYUbZjU6ts0IqNncrZrCknDWHpaZXwGuaU7CUBk74xBeMeja7rEEkFlm"
    "9MRtiQNYnum/cGVtcDv/aQ8KkPyAD58oJiAzoXv0R6jFhlZtAWv+M0SaOlhTpZh1K6wlP+1Umiqdvqbc1oWdfpv75a+lGTkG"
    "HMy8K7/bnAGm20IRsisSv1B5rpJyeGfrVf6tb4MZ7vG4w0rS0c2hfA=="
)
SENT_AT = datetime(2019, 5, 23, 6, 17, 14, tzinfo=UTC)


@pytest.fixture(scope="module")
def app_key() -> str:
    return (
        generate_private_key(65537, 2048)
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        .decode()
    )


def wire(app_key: str, alipay_public_key: str) -> AlipayWire:
    return AlipayWire(
        app_id="2018121762595097",
        app_key=app_key,
        alipay_public_key=alipay_public_key,
        base_url="http://127.0.0.1:9/gateway.do",
        timeout_s=1,
    )


@pytest.fixture(scope="module")
def reader(app_key: str) -> NoticeReader:
    return NoticeReader(wire(app_key, NOTICE_KEY), "2018121762595097", "2088331578818800")


def test_alipays_own_example_of_a_notice_is_believed(reader: NoticeReader) -> None:
    notice = reader.read(urlencode(NOTICE), SENT_AT + timedelta(hours=24))
    assert notice.notice_id == "2019052300222141714026431019971405"
    trade = notice.about
    assert isinstance(trade, Trade)
    assert (trade.state, trade.amount_fen, trade.currency) == (TradeState.PAID, 1, "CNY")
    assert (trade.merchant_number, trade.app_id) == ("2088331578818800", "2018121762595097")
    assert trade.paid_at == datetime(2019, 5, 23, 6, 17, 13, tzinfo=UTC)


@pytest.mark.parametrize(
    "change",
    [
        {"total_amount": "0.02"},
        {"trade_no": "111111112019052322001426431037869358"},
        {"app_id": "2018121762595098"},
        {"notify_time": "2019-05-24 14:17:14"},
        {"sign": "c2ln"},
        {"sign": "not base64"},
        {"sign_type": "RSA"},
        {"a_field_more": "1"},
    ],
)
def test_the_example_with_one_change_is_not(reader: NoticeReader, change: dict[str, str]) -> None:
    with pytest.raises(NoticeRefused):
        reader.read(urlencode(NOTICE | change), SENT_AT)


@pytest.mark.parametrize("age", [timedelta(hours=25, seconds=1), -timedelta(minutes=6)])
def test_a_replay_out_of_its_time_is_refused(reader: NoticeReader, age: timedelta) -> None:
    with pytest.raises(NoticeRefused, match="too old"):
        reader.read(urlencode(NOTICE), SENT_AT + age)


def test_another_app_or_seller_does_not_take_it(app_key: str) -> None:
    checks = wire(app_key, NOTICE_KEY)
    for app_id, seller_id in (("1", "2088331578818800"), ("2018121762595097", "1")):
        with pytest.raises(NoticeRefused, match="for another"):
            NoticeReader(checks, app_id, seller_id).read(urlencode(NOTICE), SENT_AT)


def test_alipays_own_example_of_an_answer_is_believed(app_key: str) -> None:
    raw = f'{{"{ANSWER_NAME}":{ANSWER},"sign":"{ANSWER_SIGN}"}}'.encode()
    told = wire(app_key, ANSWER_KEY)._proved(raw, ANSWER_NAME)
    assert told == json.loads(ANSWER)


@pytest.mark.parametrize(
    "raw",
    [
        f'{{"{ANSWER_NAME}":{ANSWER.replace("10000", "10001")},"sign":"{ANSWER_SIGN}"}}',
        f'{{"{ANSWER_NAME}":{ANSWER},"sign":"c2ln"}}',
        f'{{"{ANSWER_NAME}":{ANSWER}}}',
        '{"error_response":{"code":"40002","sub_code":"isv.invalid-signature"}}',
        f'{{"sign":"{ANSWER_SIGN}"}}',
        "<html>busy</html>",
        "",
    ],
)
def test_an_answer_that_alipay_did_not_sign_leaves_it_open_what_happened(
    app_key: str, raw: str
) -> None:
    with pytest.raises(Unavailable, match="not signed"):
        wire(app_key, ANSWER_KEY)._proved(raw.encode(), ANSWER_NAME)
