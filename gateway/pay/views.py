"""`/pay/…/notify`: settlement judges the raw bytes; what is not acknowledged is repeated.

WeChat Pay takes 200 or 204 as the end, and `{"code": "FAIL", "message": …}` with 4xx or 5xx as a
wish to hear again (APIv3 › 支付成功回调通知). Alipay repeats until it reads `success` and nothing
else (开放平台 › 异步通知说明). UnionPay takes 200 or 302 as the end (网关支付产品接口规范 ›
后台通知).
"""

import logging
from urllib.parse import quote

from flask import Blueprint, Response, request

from gateway.answers import json, see_other
from gateway.errors import status_of
from gateway.limits import read_body
from gateway.parts import parts
from services.contracts.settlement import Channel, NoticeRefused, ReceiveNotice
from services.kernel.errors import LinliError, Malformed
from services.kernel.ids import derived_id

log = logging.getLogger(__name__)
blueprint = Blueprint("pay", __name__)
KEPT_HEADERS = ("wechatpay-", "request-id", "content-type")
HEADER_MAX = 2000


@blueprint.post("/pay/wechat/notify")
def wechat_notify() -> Response:
    """A notice of a payment or a refund."""
    try:
        if "Wechatpay-Signature" not in request.headers:
            raise NoticeRefused("no signature")
        parts().backends.settlement.receive_notice(_notice(Channel.WECHAT, read_body()))
    except LinliError as error:
        return _fail(error)
    return _answer(200, "SUCCESS", "成功")


@blueprint.post("/pay/alipay/notify")
def alipay_notify() -> Response:
    """A notice of a payment: a signed form."""
    return _form_notify(Channel.ALIPAY, b"sign=", "success")


@blueprint.post("/pay/unionpay/notify")
def unionpay_notify() -> Response:
    """A notice of a payment or a refund: a signed form."""
    return _form_notify(Channel.UNIONPAY, b"signature=", "ok")


@blueprint.route("/pay/back/<payment_id>", methods=["GET", "POST"])
def back(payment_id: str) -> Response:
    """Where a channel's page sends the payer: on to the result, which asks what has happened.

    UnionPay posts, and browsers send no cookies of ours with a form from elsewhere; with the GET
    that follows they do. What the form says is not read: the result is settlement's to tell.
    """
    return see_other(f"/h5/pay/{quote(payment_id, safe='')}/result")


def _form_notify(channel: Channel, signature: bytes, thanks: str) -> Response:
    try:
        raw = read_body()
        if signature not in raw:
            raise NoticeRefused("no signature")
        parts().backends.settlement.receive_notice(_notice(channel, raw))
    except LinliError as error:
        return _plain(_status(error), "fail")
    return _plain(200, thanks)


def _notice(channel: Channel, raw: bytes) -> ReceiveNotice:
    """The notice exactly as it came in; the very same bytes again are the same wish."""
    headers = _headers()
    try:
        body = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed("the body is not UTF-8") from error
    request_id = derived_id("notice", channel, body, *sorted(headers.values()))
    return ReceiveNotice(request_id=request_id, channel=channel, headers=headers, body=body)


def _headers() -> dict[str, str]:
    return {
        name: value[:HEADER_MAX]
        for name, value in request.headers.items()
        if name.lower().startswith(KEPT_HEADERS)
    }


def _fail(error: LinliError) -> Response:
    return _answer(_status(error), "FAIL", error.code)


def _status(error: LinliError) -> int:
    status = status_of(error)
    log.warning("notice not taken", extra={"code": error.code, "status": status})
    return status


def _plain(status: int, word: str) -> Response:
    return Response(word, status, content_type="text/plain; charset=utf-8")


def _answer(status: int, code: str, message: str) -> Response:
    return json({"code": code, "message": message}, status)
