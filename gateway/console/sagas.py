"""Work across services that hangs: which step, why, since when; and pushing it."""

from typing import Any

from flask import Blueprint, Response, request
from flask_babel import gettext

from gateway.console.money.reading import list_links
from gateway.console.staff import need_staff
from gateway.pages import after, command, draw, write_once
from gateway.parts import parts
from gateway.wording import N_
from services.contracts.orders import RetrySaga, SagasQuery

blueprint = Blueprint("console_sagas", __name__)

KINDS = {
    "amend": N_("改单"),
    "amend_dearer": N_("改单，要补差价"),
    "case_refund": N_("售后退款"),
    "case_exchange": N_("换货"),
    "case_send": N_("送换货"),
    "dispute_freeze": N_("纠纷冻结"),
    "dispute_thaw": N_("撤回纠纷，解冻"),
    "dispute_rule": N_("按结果分钱"),
}


def saga_words(kind: str) -> str:
    """What work across services is about; a kind that is newer than this is shown as it is."""
    return gettext(KINDS[kind]) if kind in KINDS else kind


@blueprint.get("/console/sagas")
def sagas() -> str:
    """What has not ended, the oldest first: the stuck ones, or all."""
    return _draw()


def _draw(**context: Any) -> str:
    need_staff()
    stuck = request.args.get("all") != "1"
    query = SagasQuery(stuck=stuck, after=after(), limit=50)
    page = parts().backends.orders.sagas(query)
    return draw(
        "console/sagas.html",
        stuck=stuck,
        saga_words=saga_words,
        sagas=page.items,
        **list_links("/console/sagas", page.next_after),
        **context,
    )


@blueprint.post("/console/sagas/<saga_id>/retry")
def retry(saga_id: str) -> Response:
    """Try the step again now; what came of it stands in the list."""
    need_staff()

    def write() -> str:
        parts().backends.orders.retry_saga(command(RetrySaga, saga_id=saga_id))
        return "/console/sagas" + ("?all=1" if request.args.get("all") == "1" else "")

    return write_once(write, lambda faults, notice: _draw(faults=faults, notice=notice))
