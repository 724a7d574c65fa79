"""`/pay/wechat/notify`: settlement judges the raw bytes; what is not acknowledged is repeated.

WeChat Pay takes 200 or 204 as the end, and `{"code": "FAIL", "message": …}` with 4xx or 5xx as a
wish to hear again (APIv3 › 支付成功回调通知).
"""

import logging

from flask import Blueprint, Response, request

from gateway.answers import json
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
        parts().backends.settlement.receive_notice(_notice(Channel.WECHAT))
    except LinliError as error:
        return _fail(error)
    return _answer(200, "SUCCESS", "成功")


def _notice(channel: Channel) -> ReceiveNotice:
    """The notice exactly as it came in; the very same bytes again are the same wish."""
    headers = _headers()
    if not any(name.lower() == "wechatpay-signature" for name in headers):
        raise NoticeRefused("no signature")
    raw = read_body()
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
    status = status_of(error)
    log.warning("notice not taken", extra={"code": error.code, "status": status})
    return _answer(status, "FAIL", error.code)


def _answer(status: int, code: str, message: str) -> Response:
    return json({"code": code, "message": message}, status)
