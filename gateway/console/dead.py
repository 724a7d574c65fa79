"""Messages that no consumer could take: look, replay, discard.

No service stands behind this page, so the gateway itself checks who may open it. It is shut where
no broker user for the dead queues is set (`dead_amqp_url`).
"""

import logging

from flask import Blueprint, Response

from gateway import guard
from gateway.answers import see_other
from gateway.console.dead_letters import DeadLetters
from gateway.errors import NoSuchPage
from gateway.pages import draw
from gateway.parts import parts
from services.contracts.identity import MeView
from services.contracts.permissions import Permission
from services.contracts.subscriptions import SERVICES
from services.kernel.errors import Forbidden, NotFound

log = logging.getLogger(__name__)
blueprint = Blueprint("dead", __name__)

ALL = "all"
"""What the tool behind takes for every message at once: not offered here."""


def may_handle(who: MeView) -> bool:
    """Whether the page is there for this person."""
    return parts().dead_letters is not None and Permission.DEAD_LETTERS in who.permissions


def need_letters() -> DeadLetters:
    """The dead queues; Forbidden to those without the permission, NoSuchPage where it is shut."""
    who, letters = guard.me(), parts().dead_letters
    if Permission.DEAD_LETTERS not in who.permissions:
        raise Forbidden("may not handle dead letters")
    if letters is None:
        raise NoSuchPage()
    return letters


@blueprint.get("/console/dead")
def show() -> str:
    """Every message that lies there."""
    return draw("console/dead.html", messages=need_letters().all(), queues=[])


@blueprint.post("/console/dead/<queue>/<message_id>/<act>")
def handle(queue: str, message_id: str, act: str) -> Response:
    """Replay or discard one message; who did it is in the log."""
    letters = need_letters()
    acts = {"replay": letters.replay, "discard": letters.discard}
    if act not in acts or queue not in SERVICES or message_id == ALL:
        raise NoSuchPage()
    count = acts[act](queue, message_id)
    by = guard.me().account_id
    log.warning("dead letter: %s", act, extra={"queue": queue, "letter": message_id, "by": by})
    if count == 0:
        raise NotFound("somebody else has handled it")
    return see_other("/console/dead")
