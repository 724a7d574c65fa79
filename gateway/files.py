"""Pictures out: public ones to everybody, the others by a link that was drawn for one session."""

from datetime import timedelta

from flask import Blueprint, Response, request

from gateway import photos, ui
from gateway.auth import session_token
from gateway.parts import parts
from services.kernel import clock
from services.kernel.files import PUBLIC, NoSuchFile

LINK_LIFETIME = timedelta(hours=1)
blueprint = Blueprint("files", __name__)
_KINDS = {"png": "image/png", "webp": "image/webp", "svg": "image/svg+xml"}


def file_url(key: str, size: str = "") -> str:
    """The address of a stored picture for whoever sees the present page.

    Who may see an order's photo was decided when its service answered with the key; the link then
    works for this session alone, and for an hour or two.
    """
    address = ui.file_url(key, size)
    if not key or address == key or key.startswith(f"{PUBLIC}/"):
        return address
    hour = _hour()
    signature = parts().signer.sign("file", key, session_token(), str(hour))
    return f"{address}{'&' if size else '?'}until={hour}&s={signature}"


def _hour() -> int:
    return int(clock.now().timestamp() // LINK_LIFETIME.total_seconds())


def _check_link(key: str) -> None:
    """NoSuchFile unless the link was drawn for this session in this hour or the last."""
    hour = request.args.get("until", "")
    fresh = hour in {str(_hour()), str(_hour() - 1)}
    signature = request.args.get("s", "")
    if not fresh or not parts().signer.verify(signature, "file", key, session_token(), hour):
        raise NoSuchFile("not by this link")


@blueprint.get("/files/<path:key>")
def serve(key: str) -> Response:
    """One picture."""
    public = key.startswith(f"{PUBLIC}/")
    if not public:
        _check_link(key)
    return picture(key, public=public, size=request.args.get("size", ""))


def picture(key: str, *, public: bool, size: str = "") -> Response:
    """The bytes under a key; the caller has checked that they may be seen."""
    data = parts().files.read(key)
    kind = _KINDS.get(key.rpartition(".")[2].lower(), "image/jpeg")
    if size == "small" and kind != "image/svg+xml":
        data, kind = photos.small(data), "image/jpeg"
    response = Response(data, mimetype=kind)
    # A drawing opened by itself could run scripts: this policy forbids it even then.
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'"
    response.headers["Cache-Control"] = f"{'public' if public else 'private'}, max-age=3600"
    return response
