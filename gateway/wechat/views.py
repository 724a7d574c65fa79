"""`/wechat` and `/wechat/<app_id>`: what WeChat calls. It waits five seconds and tries three times.

A text is a question: answered within the time, politely even when every service is down. An event
is news: `success` is said only when a queue has it, else WeChat shall repeat it.
"""

import logging

from flask import Blueprint, Response, request
from flask_babel import force_locale, gettext

from gateway.limits import read_body
from gateway.parts import parts
from gateway.wechat.messages import Push, check_signature, read_push, text_reply
from services.contracts.marketing import AnswerText
from services.kernel.errors import LinliError, Malformed

log = logging.getLogger(__name__)
blueprint = Blueprint("wechat", __name__)

SUCCESS = "success"
ECHO_MAX = 200


@blueprint.get("/wechat", defaults={"app_id": ""})
@blueprint.get("/wechat/<app_id>")
def echo(app_id: str) -> Response:
    """WeChat checks whose address this is; the echo proves that we know the token."""
    check_signature(parts().accounts.get(app_id[:40]), request.args)
    echoed = request.args.get("echostr", "")
    if not echoed.isalnum() or len(echoed) > ECHO_MAX:
        raise Malformed("echostr is letters and digits")
    return Response(echoed, mimetype="text/plain")


@blueprint.post("/wechat", defaults={"app_id": ""})
@blueprint.post("/wechat/<app_id>")
def receive(app_id: str) -> Response:
    """A message or an event."""
    account = parts().accounts.get(app_id[:40])
    push = read_push(account, request.args, read_body())
    if push.kind == "text":
        return _xml(text_reply(account, push, answer_to(push)))
    parts().teller.tell(push.as_event(), push.event_id)
    return Response(SUCCESS, mimetype="text/plain")


def answer_to(push: Push) -> str:
    """What marketing answers; when it does not in time, a fixed sentence."""
    question = AnswerText(app_id=push.app_id, openid=push.openid, text=push.text)
    try:
        return parts().backends.marketing.answer_text(question).text
    except LinliError as error:
        log.warning("text not answered", extra={"code": error.code})
        with force_locale("zh"):
            return str(gettext("消息收到了。系统正忙，请过一会儿再发一次；急事请打物业电话。"))


def _xml(text: str) -> Response:
    return Response(text, mimetype="application/xml")
