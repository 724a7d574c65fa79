"""An order's record to take away: the same PDF for its two sides and for staff."""

from urllib.parse import quote

from flask import Blueprint, Response
from flask_babel import force_locale

from gateway import guard
from gateway.console.staff import need_staff
from gateway.parts import parts
from gateway.record_pdf import draw_record
from services.contracts.orders import RecordQuery
from services.kernel import clock

blueprint = Blueprint("records", __name__)


@blueprint.get("/h5/orders/<order_id>/record.pdf")
def for_people(order_id: str) -> Response:
    """For whoever has a part in the order; orders decides."""
    guard.act()
    return _pdf(order_id)


@blueprint.get("/console/orders/<order_id>/record.pdf")
def for_staff(order_id: str) -> Response:
    """For staff."""
    need_staff()
    return _pdf(order_id)


def _pdf(order_id: str) -> Response:
    record = parts().backends.orders.record(RecordQuery(order_id=order_id))
    keeper = parts().settings.property_name
    with force_locale("zh"):  # a record is in one language, whoever asks for it
        data = draw_record(record, keeper=keeper, printed_at=clock.now())
    response = Response(data, mimetype="application/pdf")
    name = quote(f"订单记录-{record.order.number.lstrip('#')}.pdf")
    response.headers["Content-Disposition"] = f"inline; filename*=UTF-8''{name}"
    return response
