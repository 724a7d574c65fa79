"""Reading a notice: what is believed, and what is not, with keys made for the test."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256

from services.contracts.settlement import NoticeRefused, RefundState
from services.settlement.channels.wechat_notice import NoticeReader
from services.settlement.domain.channel import ChannelRefund, Trade, TradeState

NOW = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
APIV3_KEY = "0123456789abcdef0123456789abcdef"
KEY_ID = "PUB_KEY_ID_0000000000000001"
TRADE = {
    "mchid": "1900000001",
    "appid": "wx1",
    "out_trade_no": "01ABC",
    "trade_state": "SUCCESS",
    "transaction_id": "42",
    "success_time": "2026-03-01T11:59:58+08:00",
    "amount": {"total": 1500, "currency": "CNY"},
}
REFUND = {
    "mchid": "1900000001",
    "out_refund_no": "01DEF",
    "refund_status": "ABNORMAL",
    "amount": {"refund": 700, "total": 1500},
}


@pytest.fixture(scope="module")
def key() -> RSAPrivateKey:
    return generate_private_key(65537, 2048)


@pytest.fixture(scope="module")
def reader(key: RSAPrivateKey) -> NoticeReader:
    pem = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return NoticeReader(pem.decode(), KEY_ID, APIV3_KEY)


def body_of(told: Any, event_type: str = "TRANSACTION.SUCCESS", key: str = APIV3_KEY) -> str:
    sealed = AESGCM(key.encode()).encrypt(b"123456789012", json.dumps(told).encode(), b"about")
    resource = {
        "algorithm": "AEAD_AES_256_GCM",
        "ciphertext": base64.b64encode(sealed).decode(),
        "associated_data": "about",
        "nonce": "123456789012",
    }
    return json.dumps({"id": "EV-1", "event_type": event_type, "resource": resource})


def headers_of(key: RSAPrivateKey, body: str, at: datetime = NOW) -> dict[str, str]:
    stamp = str(int(at.timestamp()))
    signature = key.sign(f"{stamp}\nn\n{body}\n".encode(), PKCS1v15(), SHA256())
    return {
        "Wechatpay-Timestamp": stamp,
        "Wechatpay-Nonce": "n",
        "Wechatpay-Serial": KEY_ID,
        "Wechatpay-Signature": base64.b64encode(signature).decode(),
        "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
    }


def test_a_genuine_payment_is_read(reader: NoticeReader, key: RSAPrivateKey) -> None:
    body = body_of(TRADE)
    notice = reader.read(headers_of(key, body), body, NOW)
    assert (notice.notice_id, notice.merchant_number) == ("EV-1", "1900000001")
    assert isinstance(notice.about, Trade)
    assert notice.about.state is TradeState.PAID
    assert notice.about.paid_at == datetime(2026, 3, 1, 3, 59, 58, tzinfo=UTC)


def test_a_genuine_refund_is_read(reader: NoticeReader, key: RSAPrivateKey) -> None:
    body = body_of(REFUND, "REFUND.ABNORMAL")
    about = reader.read(headers_of(key, body), body, NOW).about
    assert isinstance(about, ChannelRefund)
    assert (about.state, about.amount_fen) == (RefundState.FAILED, 700)


def test_the_case_of_header_names_does_not_matter(reader: NoticeReader, key: RSAPrivateKey) -> None:
    body = body_of(TRADE)
    for change in (str.lower, str.upper):
        headers = {change(name): value for name, value in headers_of(key, body).items()}
        assert reader.read(headers, body, NOW).notice_id == "EV-1"


def test_an_unknown_serial_number_asks_nobody_for_certificates(
    reader: NoticeReader, key: RSAPrivateKey
) -> None:
    body = body_of(TRADE)
    headers = headers_of(key, body) | {"Wechatpay-Serial": "not even hexadecimal"}
    with pytest.raises(NoticeRefused, match="another key"):
        reader.read(headers, body, NOW)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "null",
        "[]",
        "{}",
        '{"id": "1", "event_type": "TRANSACTION.SUCCESS", "resource": null}',
        body_of("text"),
        body_of({}),
        body_of(TRADE | {"amount": None}),
        body_of(TRADE, "COUPON.USE"),
        body_of(TRADE, key="another key of thirty-two chars!"),
    ],
)
def test_a_signed_body_of_another_form_is_refused(
    reader: NoticeReader, key: RSAPrivateKey, body: str
) -> None:
    with pytest.raises(NoticeRefused):
        reader.read(headers_of(key, body), body, NOW)


@pytest.mark.parametrize("missing", ["Signature", "Timestamp", "Nonce", "Serial"])
def test_a_notice_without_one_of_its_headers_is_refused(
    reader: NoticeReader, key: RSAPrivateKey, missing: str
) -> None:
    body = body_of(TRADE)
    headers = headers_of(key, body)
    del headers[f"Wechatpay-{missing}"]
    with pytest.raises(NoticeRefused):
        reader.read(headers, body, NOW)
