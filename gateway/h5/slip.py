"""The printed slip that goes into the bag or hangs over the counter."""

from flask import Blueprint, request

from gateway import guard
from gateway.h5.merchant import order_of
from gateway.pages import draw

blueprint = Blueprint("h5_slip", __name__)

WIDTHS_MM = ("58", "80")


@blueprint.get("/h5/merchant/orders/<order_id>/slip")
def slip(order_id: str) -> str:
    """For paper of 58 or 80 mm, printed by the browser."""
    guard.act()
    width = request.args.get("width", "")
    return draw(
        "h5/merchant/slip.html",
        order=order_of(order_id),
        width=width if width in WIDTHS_MM else WIDTHS_MM[0],
        widths=WIDTHS_MM,
    )
