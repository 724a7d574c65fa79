"""Numbers for people: said at the counter, typed by wet hands."""

import hashlib
import secrets


def number_of(order_id: str) -> str:
    """Six digits for people, from the id: no counter that every order of a day would wait for.

    Among a store's 200 orders of a day two share a number about once in fifty days; nothing but
    people's ears depends on it.
    """
    digest = hashlib.sha256(order_id.encode()).digest()
    return f"{int.from_bytes(digest[:8]) % 1_000_000:06d}"


def new_pickup_code() -> str:
    """Eight digits that nobody can guess; unique among a store's orders by the table's key."""
    return f"{secrets.randbelow(100_000_000):08d}"
