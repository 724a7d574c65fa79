"""What may cross a wire: frozen pydantic models, parsed once at the edge.

An unknown field in a command is refused (the caller believes in something that will not happen);
in a view or an event it is ignored (the sender is newer than we are).
"""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from services.kernel.ids import Id, RequestId

PAGE_SIZE_MAX = 100

Item = TypeVar("Item")
ShortText = Annotated[str, Field(max_length=200)]
LongText = Annotated[str, Field(max_length=2000)]


class Query(BaseModel):
    """A question; asking twice does no harm."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Command(Query):
    """A wish that is granted once: the same request_id gives the first answer again."""

    request_id: RequestId


class PageQuery(Query):
    """A question whose answer comes in pages; `after` is the last page's `next_after`."""

    after: str | None = Field(default=None, max_length=200)
    limit: int = Field(default=20, ge=1, le=PAGE_SIZE_MAX)


class View(BaseModel):
    """An answer."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Page(View, Generic[Item]):
    """One page of an answer; `next_after` is None on the last one."""

    items: list[Item]
    next_after: str | None = None


class Done(View):
    """Granted, and there is nothing more to say."""

    done: bool = True


class Event(BaseModel):
    """Something that has happened to one aggregate, told by the service that owns it.

    `version` grows with each change of the aggregate: a consumer that cares about order drops
    what is older than what it has seen.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: ClassVar[str]
    """`noun.verbed`, the routing key on the source's exchange."""
    source: ClassVar[str]
    aggregate_id: Id
    version: int = Field(default=0, ge=0)

    registry: ClassVar[dict[str, type["Event"]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "name" in cls.__dict__:
            if cls.name in Event.registry:
                raise TypeError(f"two events are called {cls.name}")
            Event.registry[cls.name] = cls


class Envelope(BaseModel):
    """An event on its way: who sent it, when, and under which call."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: Id
    name: str
    source: str
    occurred_at: datetime
    call_id: str = ""
    data: dict[str, Any]
