"""How much one caller may ask for: token buckets in memory, and the size of bodies by path."""

import threading
from collections import OrderedDict
from dataclasses import dataclass

from flask import Flask, request
from werkzeug.exceptions import RequestEntityTooLarge

from gateway.settings import Settings
from services.kernel import clock
from services.kernel.errors import TooMany

KIB = 1024
JSON_BODY_MAX = 1024 * KIB
PHOTO_BODY_MAX = 8 * 1024 * KIB + 64 * KIB
"""A photo of 8 MB and the form around it."""
PHOTOS_BODY_MAX = 6 * PHOTO_BODY_MAX
"""The photos of a form about a deal."""
INBOUND_BODY_MAX = 64 * KIB
BUCKETS_MAX = 20_000

_INBOUND = ("/wechat", "/pay/")
_PHOTO = ("/api/v1/photos", "/h5/courier/drops/")
_PHOTOS = ("/h5/orders/", "/h5/cases/", "/h5/disputes/", "/h5/merchant/orders/")


@dataclass(slots=True)
class Bucket:
    """What is left, as of when."""

    tokens: float
    at_s: float


class RateLimit:
    """`rate_per_s` in the long run, `burst` at once, for each key; the oldest are forgotten."""

    def __init__(self, rate_per_s: float, burst: float) -> None:
        self._rate_per_s = rate_per_s
        self._burst = burst
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, key: str) -> None:
        """Take one token; TooMany when there is none."""
        now_s = clock.monotonic_s()
        with self._lock:
            bucket = self._buckets.pop(key, None) or Bucket(self._burst, now_s)
            refilled = bucket.tokens + (now_s - bucket.at_s) * self._rate_per_s
            bucket.tokens, bucket.at_s = min(self._burst, refilled), now_s
            self._buckets[key] = bucket
            if len(self._buckets) > BUCKETS_MAX:
                self._buckets.popitem(last=False)
            if bucket.tokens < 1:
                raise TooMany()
            bucket.tokens -= 1


@dataclass(frozen=True, slots=True)
class Limits:
    """Who is counted by what; all in this process alone."""

    session: RateLimit
    address: RateLimit
    inbound: RateLimit
    sign_in_name: RateLimit
    sign_in_address: RateLimit

    @classmethod
    def of(cls, settings: Settings) -> "Limits":
        """The limits that the settings ask for."""
        attempts = settings.sign_in_rate_per_min
        return cls(
            session=RateLimit(settings.session_rate_per_s, settings.session_burst),
            address=RateLimit(settings.address_rate_per_s, settings.address_burst),
            inbound=RateLimit(settings.inbound_rate_per_s, 2 * settings.inbound_rate_per_s),
            sign_in_name=RateLimit(attempts / 60, attempts),
            sign_in_address=RateLimit(attempts / 6, 10 * attempts),
        )


def body_limit(path: str) -> int:
    """How many bytes a request to this path may carry."""
    if path.startswith(_INBOUND):
        return INBOUND_BODY_MAX
    if path.startswith(_PHOTOS):
        return PHOTOS_BODY_MAX
    return PHOTO_BODY_MAX if path.startswith(_PHOTO) else JSON_BODY_MAX


def limit_body() -> None:
    """Refuse larger bodies, whether their length is declared or found while reading (413)."""
    if request.method not in {"GET", "HEAD"}:
        request.max_content_length = body_limit(request.path)


def read_body() -> bytes:
    """The raw body; RequestEntityTooLarge beyond the limit of its path."""
    data = request.get_data(cache=False)
    # Werkzeug cuts a body that came without a length off at the limit, and says nothing.
    if request.content_length is None and len(data) >= body_limit(request.path):
        raise RequestEntityTooLarge()
    return data


def register(app: Flask) -> None:
    """Put the limits in front of every view."""
    app.before_request(limit_body)
    app.config["MAX_FORM_MEMORY_SIZE"] = JSON_BODY_MAX
    app.config["MAX_FORM_PARTS"] = 200
