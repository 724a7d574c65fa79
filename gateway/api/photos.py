"""Photos in and out: the bytes go to the file store, only key and hash go through the broker."""

import hashlib

from flask import Response, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.file import FileStorage
from flask_openapi3.models.tag import Tag
from flask_openapi3.types import ResponseDict
from pydantic import BaseModel

from gateway import files, guard
from gateway.answers import as_json
from gateway.api.operations import SIGNED_IN, WriteHeader, idempotency_key
from gateway.errors import ErrorBody
from gateway.parts import parts
from gateway.photos import redrawn
from services.contracts.orders import OrderQuery
from services.kernel.errors import Malformed
from services.kernel.files import NoSuchFile, StoredFile
from services.kernel.ids import derived_id

TAGS = [Tag(name="photos")]


class PhotoForm(BaseModel):
    """A JPEG, PNG or WebP of at most 8 MB."""

    photo: FileStorage


class PhotoView(BaseModel):
    """What a command carries: the one-time key and the hash of the bytes behind it."""

    photo_key: str
    photo_sha256: str


class OrderPath(BaseModel):
    """Which order."""

    order_id: str


def store_photo(key: str, field: str = "photo") -> StoredFile | None:
    """The photo of the present form, drawn anew and stored; None when none was chosen.

    The same photo sent twice under one idempotency key gets the same file key, so that the command
    which carries it is the same command.
    """
    upload = request.files.get(field)
    data = upload.read() if upload else b""
    return store_bytes(key, data) if data else None


def store_bytes(key: str, data: bytes) -> StoredFile:
    """The same for one of several photos of a form."""
    drawn = redrawn(data)
    name = derived_id("photo", key, hashlib.sha256(drawn).hexdigest())
    return parts().files.put(drawn, name=name)


def post_photo() -> Response:
    """Store a photo for a command that follows."""
    guard.act()
    stored = store_photo(idempotency_key())
    if stored is None:
        raise Malformed(fields={"photo": "missing"})
    return as_json(PhotoView(photo_key=stored.key, photo_sha256=stored.sha256), 201)


def get_delivery_photo(**path: str) -> Response:
    """The photo of an order at the door, for those who may see the order."""
    guard.act()
    order = parts().backends.orders.order(OrderQuery(order_id=path["order_id"]))
    if not order.delivery_photo:
        raise NoSuchFile("no photo was taken")
    return files.picture(order.delivery_photo, public=False)


def register(blueprint: APIBlueprint) -> None:
    """Serve and document photos."""
    post_photo.__annotations__ = {"header": WriteHeader, "form": PhotoForm}
    get_delivery_photo.__annotations__ = {"path": OrderPath}
    for view in (post_photo, get_delivery_photo):
        view.__delay_validate_request__ = True  # type: ignore[attr-defined]
    stored: ResponseDict = {"201": PhotoView, "4XX": ErrorBody}
    blueprint.post("/photos", tags=TAGS, security=SIGNED_IN, responses=stored)(post_photo)
    shown: ResponseDict = {"200": {"content": {"image/jpeg": {}}}, "4XX": ErrorBody}
    address = "/orders/<order_id>/delivery-photo"
    blueprint.get(address, tags=TAGS, security=SIGNED_IN, responses=shown)(get_delivery_photo)
