"""Alipay and UnionPay in the sandbox: signatures both ways, pages, and notices until taken."""

import base64
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from alipay import AliPay
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from flask import Flask, Response, request

from deploy.sandbox import channel_keys, clock, unionpay_signing
from tests.unit.sandbox.rig import Sandbox, eventually, served


class Till:
    """The merchant's address for notices: it answers as told, then takes everything."""

    def __init__(self) -> None:
        self.url = ""
        self.answers: list[tuple[int, str]] = []
        self.heard: list[dict[str, str]] = []

    def app(self) -> Flask:
        app = Flask("till")

        @app.post("/notify")
        def notify() -> Response:
            self.heard.append(request.form.to_dict())
            status, word = self.answers.pop(0) if self.answers else (200, "success")
            return Response(word, status)

        return app


@pytest.fixture
def till() -> Iterator[Till]:
    till = Till()
    with served(till.app()) as url:
        till.url = f"{url}/notify"
        yield till


@pytest.fixture
def alipay(sandbox: Sandbox, keys_dir: Path, till: Till) -> AliPay:
    """The library that settlement uses, pointed at the sandbox."""
    folder = keys_dir / "keys"
    client = AliPay(
        appid=sandbox.world.channels.alipay.app_id,
        app_notify_url=till.url,
        app_private_key_string=(folder / channel_keys.ALIPAY_APP_KEY).read_text(),
        alipay_public_key_string=(folder / channel_keys.ALIPAY_PUBLIC_KEY).read_text(),
    )
    client._gateway = f"{sandbox.url}/gateway.do"
    return client


def beijing(offset_s: float = 0) -> str:
    return f"{datetime.now(clock.BEIJING) + timedelta(seconds=offset_s):%Y-%m-%d %H:%M:%S}"


def page_link(alipay: AliPay, number: str, **more: str) -> str:
    content = {
        "out_trade_no": number,
        "total_amount": "14.00",
        "subject": "豆浆油条",
        "product_code": "QUICK_WAP_WAY",
        **more,
    }
    signed = alipay.client_api(
        "alipay.trade.wap.pay",
        content,
        timestamp=beijing(),
        return_url="http://127.0.0.1:9/back?order=1",
    )
    return f"{alipay._gateway}?{signed}"


def opened(alipay: AliPay, number: str) -> str:
    """The cashier's address."""
    page = requests.get(page_link(alipay, number), timeout=10)
    assert page.ok, page.text
    return page.url


@pytest.fixture
def merchant_key(keys_dir: Path) -> RSAPrivateKey:
    path = keys_dir / "keys" / channel_keys.UNIONPAY_SIGN_KEY
    key = load_pem_private_key(path.read_bytes(), None)
    assert isinstance(key, RSAPrivateKey)
    return key


def unionpay_form(sandbox: Sandbox, key: RSAPrivateKey, **fields: str) -> dict[str, str]:
    told = {
        "version": "5.1.0",
        "encoding": "UTF-8",
        "signMethod": "01",
        "certId": sandbox.world.channels.unionpay.merchant_cert_id,
        "merId": sandbox.world.channels.unionpay.mer_id,
        "txnTime": f"{datetime.now(clock.BEIJING):%Y%m%d%H%M%S}",
        "txnType": "01",
        "currencyCode": "156",
        "txnAmt": "1400",
        **fields,
    }
    signature = key.sign(unionpay_signing.digest(told), PKCS1v15(), SHA256())
    return told | {"signature": base64.b64encode(signature).decode()}


def test_the_payer_comes_back_from_alipay_with_signed_words(
    sandbox: Sandbox, alipay: AliPay
) -> None:
    cashier = opened(alipay, "order00001")

    page = requests.post(cashier, timeout=10).text

    link = page.partition('id="back" href="')[2].partition('"')[0].replace("&amp;", "&")
    told = {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}
    assert (told.pop("order"), told["out_trade_no"]) == ("1", "order00001")
    signature = told.pop("sign")
    assert alipay.verify(dict(told), signature)
    assert "没有扣款" in requests.get(cashier, timeout=10).text


def test_alipay_repeats_until_it_reads_success(
    sandbox: Sandbox, alipay: AliPay, till: Till
) -> None:
    till.answers = [(500, "fail"), (200, "ok"), (200, "success")]
    sandbox.api("PUT", "settings", {"speed_up": 3600})
    opened(alipay, "order00001")
    sandbox.api("POST", "alipay/pay", {"out_trade_no": "order00001"})

    eventually(lambda: len(till.heard) == 3)

    [notice] = sandbox.api("GET", "notices?subject=order00001")["notices"]
    assert eventually(lambda: _state(sandbox, notice["id"]) == "delivered")
    told = [{name: value for name, value in form.items() if name != "sign"} for form in till.heard]
    assert len({form["notify_id"] for form in told}) == 1
    assert all(alipay.verify(dict(a), b["sign"]) for a, b in zip(told, till.heard, strict=True))


def _state(sandbox: Sandbox, notice_id: str) -> str:
    notices = sandbox.api("GET", "notices")["notices"]
    return str(next(one["state"] for one in notices if one["id"] == notice_id))


def test_lost_first_notices_come_later(sandbox: Sandbox, alipay: AliPay, till: Till) -> None:
    sandbox.api("PUT", "settings", {"speed_up": 3600})
    sandbox.api("PUT", "trouble", {"lose_first_notices": 1, "wrong_amount": True})
    opened(alipay, "order00001")
    sandbox.api("POST", "alipay/pay", {"out_trade_no": "order00001"})

    eventually(lambda: till.heard)

    assert till.heard[0]["total_amount"] == "14.01"


def test_alipay_believes_no_altered_or_old_request(sandbox: Sandbox, alipay: AliPay) -> None:
    link = page_link(alipay, "order00001")
    altered = requests.get(link.replace("14.00", "0.01"), timeout=10)
    assert (altered.status_code, "验签出错" in altered.text) == (400, True)
    old = alipay.client_api("alipay.trade.query", {"out_trade_no": "x"}, timestamp=beijing(-3600))
    assert "isv.invalid-timestamp" in requests.get(f"{alipay._gateway}?{old}", timeout=10).text
    assert sandbox.api("GET", "alipay/trades")["trades"] == []


def test_a_page_whose_time_is_over_takes_no_money(sandbox: Sandbox, alipay: AliPay) -> None:
    over = requests.get(page_link(alipay, "order00001", time_expire=beijing(-1)), timeout=10)
    assert over.status_code == 400


def test_unionpays_page_posts_the_payer_back_and_repeats_its_notice(
    sandbox: Sandbox, merchant_key: RSAPrivateKey, till: Till
) -> None:
    till.answers = [(500, "")]
    sandbox.api("PUT", "settings", {"speed_up": 3600})
    form = unionpay_form(
        sandbox,
        merchant_key,
        orderId="order00001",
        orderDesc="豆浆油条",
        frontUrl="http://127.0.0.1:9/back",
        backUrl=till.url,
    )
    cashier = requests.post(f"{sandbox.url}/gateway/api/frontTransReq.do", data=form, timeout=10)

    page = requests.post(cashier.url, timeout=10).text

    assert 'action="http://127.0.0.1:9/back"' in page
    eventually(lambda: len(till.heard) == 2)
    key = sandbox.world.channels.unionpay.key.public_key()
    assert all(unionpay_signing.fits(told, key) for told in till.heard)
    assert till.heard[0]["orderId"] == "order00001"
    trades = sandbox.api("GET", "unionpay/trades?out_trade_no=order00001")["trades"]
    assert [trade["state"] for trade in trades] == ["PAID"]


def test_unionpay_believes_no_altered_request_and_signs_its_refusal(
    sandbox: Sandbox, merchant_key: RSAPrivateKey
) -> None:
    form = unionpay_form(sandbox, merchant_key, orderId="order00001")
    page = requests.post(
        f"{sandbox.url}/gateway/api/frontTransReq.do", data=form | {"txnAmt": "1"}, timeout=10
    )
    assert page.status_code == 400
    query = requests.post(
        f"{sandbox.url}/gateway/api/queryTrans.do", data=form | {"txnType": "00"}, timeout=10
    )
    told = dict(pair.partition("=")[::2] for pair in query.text.split("&"))
    assert told["respCode"] == "11"
    assert unionpay_signing.fits(told, sandbox.world.channels.unionpay.key.public_key())


def test_the_api_pays_only_what_was_opened_and_only_once(sandbox: Sandbox, alipay: AliPay) -> None:
    def pay() -> requests.Response:
        url = f"{sandbox.url}/sandbox/api/alipay/pay"
        return requests.post(url, json={"out_trade_no": "order00001"}, timeout=10)

    assert pay().status_code == 404
    opened(alipay, "order00001")
    assert (pay().status_code, pay().status_code) == (200, 409)
