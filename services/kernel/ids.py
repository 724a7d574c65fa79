"""Opaque ids that sort by the time they were made: 26 letters and digits (ULID).

They are also good `out_trade_no`s, which WeChat Pay wants as 6-32 letters and digits.
"""

import hashlib
from typing import Annotated

from pydantic import Field
from ulid import ULID

Id = Annotated[str, Field(pattern=r"^[0-9A-HJKMNP-TV-Z]{26}$")]
RequestId = Annotated[str, Field(min_length=8, max_length=64, pattern=r"^[A-Za-z0-9_.:\-]+$")]
"""Chosen by the first caller and handed on unchanged; the same id is the same wish."""


def new_id() -> str:
    """A fresh id; ids made later sort later, to the millisecond."""
    return str(ULID())


def derived_id(*parts: str) -> str:
    """The same id for the same parts: for rows whose second making must meet the first."""
    digest = hashlib.sha256("\x1f".join(parts).encode()).digest()
    return str(ULID.from_bytes(bytes([digest[0] & 0x7F]) + digest[1:16]))
