"""The error tree. What leaves a service is one of three kinds, each with a stable code.

LinliError
├── Refused            the caller's fault; asking again changes nothing
│   ├── NotFound       absent, or not yours: the answer is the same
│   ├── Forbidden      known, but not allowed
│   ├── Conflict       the state does not allow it now
│   └── Malformed      the input does not parse; `fields` says where
├── Unavailable        try again later, with the same request_id
└── InvariantBroken    a person must look
"""

from typing import Any, ClassVar

_BY_CODE: dict[str, type["LinliError"]] = {}


class LinliError(Exception):
    """An error that may cross a wire: `code` is stable, `fields` maps input path to fault."""

    kind: ClassVar[str] = "error"
    code: str = "error"

    def __init__(
        self, message: str = "", *, code: str | None = None, fields: dict[str, str] | None = None
    ) -> None:
        super().__init__(message or self.__class__.__name__)
        self.message = message or (self.__class__.__doc__ or "").strip().split("\n")[0]
        self.code = code or self.__class__.code
        self.fields = fields or {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "code" in cls.__dict__:
            known = _BY_CODE.setdefault(cls.code, cls)
            if known.__qualname__ != cls.__qualname__:
                raise TypeError(f"error code {cls.code} is taken by {known}")

    def to_wire(self) -> dict[str, Any]:
        """Plain data for a reply; `exc_type` keeps stock nameko clients readable."""
        return {
            "exc_type": type(self).__name__,
            "kind": self.kind,
            "code": self.code,
            "message": self.message,
            "fields": self.fields,
        }


class Refused(LinliError):
    """The request is refused."""

    kind = "refused"
    code = "request.refused"


class NotFound(Refused):
    """There is no such thing, or it is not yours."""

    kind = "not_found"
    code = "request.not_found"


class Forbidden(Refused):
    """You may not do this."""

    kind = "forbidden"
    code = "request.forbidden"


class NotSignedIn(Refused):
    """Sign in first: the actor token is missing, forged or expired."""

    kind = "unauthenticated"
    code = "request.not_signed_in"


class Conflict(Refused):
    """The present state does not allow this."""

    kind = "conflict"
    code = "request.conflict"


class Malformed(Refused):
    """The input does not parse."""

    kind = "malformed"
    code = "request.malformed"


class TooMany(Refused):
    """Too many requests in a short time."""

    kind = "too_many"
    code = "request.too_many"


class Unavailable(LinliError):
    """Something needed is away for the moment; ask again with the same request_id."""

    kind = "unavailable"
    code = "request.unavailable"


class DeadlineExceeded(Unavailable):
    """No answer came before the deadline; whether the work was done is unknown."""

    code = "request.deadline_exceeded"


class InvariantBroken(LinliError):
    """Something that must always hold does not; a person must look."""

    kind = "broken"
    code = "request.invariant_broken"


_BY_KIND: dict[str, type[LinliError]] = {
    kind.kind: kind
    for kind in (
        Refused,
        NotFound,
        Forbidden,
        NotSignedIn,
        Conflict,
        Malformed,
        TooMany,
        Unavailable,
        InvariantBroken,
    )
}


def from_wire(data: dict[str, Any]) -> LinliError:
    """The error that `to_wire` wrote: the very class where the code is known, else its kind."""
    code = str(data.get("code") or "request.invariant_broken")
    cls = _BY_CODE.get(code) or _BY_KIND.get(str(data.get("kind"))) or InvariantBroken
    message = str(data.get("message") or data.get("value") or data.get("exc_type") or "")
    return cls(message, code=code, fields=dict(data.get("fields") or {}))
