"""Photos of a form: at most six, each stored once; those of a refused form are kept for it."""

from dataclasses import dataclass

from flask import g, request
from flask_babel import gettext

from gateway.api.photos import store_bytes
from gateway.auth import session_token
from gateway.pages import KEY_FIELD
from gateway.parts import parts
from gateway.photos import NotAPicture
from services.contracts.orders import UploadedPhoto
from services.kernel.errors import Malformed

PHOTOS_MAX = 6
FIELD = "photos"
KEPT_FIELD = "kept_photo"


@dataclass(frozen=True, slots=True)
class KeptPhoto:
    """A photo of a form that was refused; `token` brings it back with the next try."""

    key: str
    token: str


def typed_photos() -> list[UploadedPhoto]:
    """What was chosen, in its order: kept ones first. Malformed for more than six, or no picture.

    The file's key follows from the form's key and the bytes, so the same press is the same wish.
    """
    chosen = [data for upload in request.files.getlist(FIELD) if (data := upload.read())]
    photos = _kept()
    if len(photos) + len(chosen) > PHOTOS_MAX:
        _keep(photos)
        raise Malformed(fields={FIELD: gettext("最多 6 张，请少选几张")})
    for data in chosen:
        photos.append(_store(data, photos))
    _keep(photos)
    return photos


def _store(data: bytes, so_far: list[UploadedPhoto]) -> UploadedPhoto:
    try:
        stored = store_bytes(request.form.get(KEY_FIELD, ""), data)
    except NotAPicture as error:
        _keep(so_far)
        raise Malformed(fields={FIELD: gettext("有一个文件不是能打开的照片")}) from error
    return UploadedPhoto(key=stored.key, sha256=stored.sha256)


def _kept() -> list[UploadedPhoto]:
    """Those that this session stored before: nobody gets a link to a file by naming it."""
    photos = []
    for token in request.form.getlist(KEPT_FIELD)[:PHOTOS_MAX]:
        key, _, rest = token.partition("|")
        sha256, _, signature = rest.partition("|")
        if parts().signer.verify(signature, "kept", key, sha256, session_token()):
            photos.append(UploadedPhoto(key=key, sha256=sha256))
    return photos


def _keep(photos: list[UploadedPhoto]) -> None:
    """Should the form be drawn again, they are in it."""
    sign = parts().signer.sign
    g.kept_photos = [
        KeptPhoto(
            one.key,
            f"{one.key}|{one.sha256}|{sign('kept', one.key, one.sha256, session_token())}",
        )
        for one in photos
    ]
