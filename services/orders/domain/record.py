"""The chain of a timeline: each entry's hash holds the one before, so a rewritten past shows."""

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

START = ""
"""What the first entry follows."""


class Entry(NamedTuple):
    """What is hashed of a timeline entry: all that it says."""

    order_id: str
    seq: int
    at: datetime
    step: str
    party: str
    actor_id: str | None
    actor_name: str
    note: str
    client: str


def link(before: str, entry: Entry) -> str:
    """SHA-256, in hex, of the entry and the hash before it; the moment counts in microseconds."""
    at = entry.at.astimezone(UTC).isoformat(timespec="microseconds")
    said = [before, entry.order_id, entry.seq, at, *entry[3:]]
    text = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


class Linked(NamedTuple):
    """An entry with the hash that was kept with it."""

    entry: Entry
    hash: str


def broken_at(entries: Iterable[Linked], end: str, version: int) -> int | None:
    """The `seq` of the first entry that does not fit, is missing or is one too many; None when all
    is as it was written.

    `end` and `version` are what the order itself says: a last entry that is another one shows too.
    """
    before, expected = START, 1
    for kept in entries:
        if kept.entry.seq != expected or link(before, kept.entry) != kept.hash:
            return expected
        before, expected = kept.hash, expected + 1
    if expected - 1 != version:
        return min(expected, version + 1)
    return None if before == end else version
