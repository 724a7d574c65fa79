"""JSON by orjson: ISO 8601 moments, no NaN, keys as strings."""

from typing import Any

import orjson
from pydantic import BaseModel


def _default(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, frozenset | set):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} does not go over a wire")


def dumps(value: Any) -> bytes:
    """Compact JSON; TypeError for what is not plain data."""
    return orjson.dumps(value, default=_default, option=orjson.OPT_NON_STR_KEYS)


def dumps_canonical(value: Any) -> bytes:
    """The same bytes for the same data: sorted keys, for hashes."""
    return orjson.dumps(
        value, default=_default, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SORT_KEYS
    )


def loads(data: bytes | str) -> Any:
    """Plain data; ValueError when it is not JSON."""
    return orjson.loads(data)
