"""The frame of every WeChat Pay call: requests verified, answers signed, errors in WeChat's form.

Source: WeChat Pay merchant documents 「APIv3接口规则」, 「签名认证」 and 「错误码和错误提示」.
"""

import json
import time
import uuid
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Flask, Response, request

from deploy.sandbox.signing import BadSignature
from deploy.sandbox.world import World


class PayError(Exception):
    """A refusal as WeChat Pay words it."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def param_error(message: str) -> PayError:
    """400 PARAM_ERROR."""
    return PayError(400, "PARAM_ERROR", message)


def invalid_request(message: str) -> PayError:
    """400 INVALID_REQUEST."""
    return PayError(400, "INVALID_REQUEST", message)


def answer(value: Mapping[str, Any] | None, status: int = 200) -> Response:
    """JSON bytes, or the empty body of a 204."""
    if value is None:
        return Response(b"", 204)
    body = json.dumps(value, ensure_ascii=False).encode()
    return Response(body, status, content_type="application/json; charset=utf-8")


def json_body() -> dict[str, Any]:
    """The request's JSON object, or PARAM_ERROR."""
    try:
        value = json.loads(request.get_data())
    except ValueError:
        raise param_error("请求体不是合法的JSON") from None
    if not isinstance(value, dict):
        raise param_error("请求体不是JSON对象")
    return value


def text_field(
    body: Mapping[str, Any], name: str, length_max: int, *, required: bool = True
) -> str | None:
    """A string of the body, limited in length; nothing when it may be left out and is."""
    value = body.get(name)
    if value is None and not required:
        return None
    if not isinstance(value, str) or not value or len(value) > length_max:
        raise param_error(f"输入源“/body/{name}”映射到值字段“{name}”字符串规则校验失败")
    return value


def required_text(body: Mapping[str, Any], name: str, length_max: int) -> str:
    """A string that must be there."""
    return text_field(body, name, length_max) or ""


def fen_field(body: Mapping[str, Any], name: str) -> int:
    """A positive whole number of fen."""
    value = body.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 10**10:
        raise param_error(f"输入源“/body/amount/{name}”映射到数值字段“{name}”规则校验失败")
    return value


def frame(world: World, blueprint: Blueprint) -> Blueprint:
    """Put verification before and the signature after each view of the blueprint."""

    @blueprint.before_request
    def verify() -> Response | None:
        if world.knobs.pay_is_down():
            return Response("Service Unavailable", 503)
        time.sleep(world.knobs.trouble.pay_delay_s)
        world.verifier.check(
            request.headers.get("Authorization", ""),
            request.method,
            request.environ["RAW_URI"],
            request.get_data(),
        )
        return None

    @blueprint.after_request
    def sign(response: Response) -> Response:
        if response.status_code != 503:
            response.headers.update(world.signer.headers(response.get_data()))
            response.headers["Request-ID"] = uuid.uuid4().hex
        return response

    return blueprint


def handle_errors(app: Flask) -> None:
    """Refusals and bad signatures as JSON; inside the blueprint's frame they are signed too."""

    @app.errorhandler(PayError)
    def refused(error: PayError) -> Response:
        return answer({"code": error.code, "message": error.message}, error.status)

    @app.errorhandler(BadSignature)
    def unsigned(error: BadSignature) -> Response:
        return answer({"code": "SIGN_ERROR", "message": str(error)}, 401)
