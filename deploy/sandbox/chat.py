"""The people of the phone and what passes between them and the service account."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from sqlite3 import Row
from typing import Any

from deploy.sandbox import clock
from deploy.sandbox.store import NotKept, Store

PAGE_MAX = 500


@dataclass(frozen=True)
class Message:
    """One bubble or card; `direction` is `in` from the person, `out` from the account."""

    openid: str
    direction: str
    kind: str
    text: str = ""
    title: str = ""
    url: str = ""
    template_id: str = ""
    fields: list[dict[str, str]] = field(default_factory=list)
    raw: str = ""


def save_person(store: Store, name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Create the person or update what is given; an openid is made up when none is given."""
    openid = given.get("openid") or "o" + secrets.token_urlsafe(21)[:27]
    with store.transaction() as db:
        db.execute(
            "INSERT INTO people (openid, name, note, avatar, subscribed, created_at)"
            " VALUES (?, ?, '', '', 1, ?) ON CONFLICT (openid) DO UPDATE SET name = excluded.name",
            (openid, name, clock.now()),
        )
        for column in ("note", "avatar", "subscribed"):
            if given.get(column) is not None:
                db.execute(
                    f"UPDATE people SET {column} = ? WHERE openid = ?", (given[column], openid)
                )
    return person_json(person_of(store, openid))


def person_of(store: Store, openid: str) -> Row:
    """The person, or NotKept."""
    person = store.one("SELECT * FROM people WHERE openid = ?", (openid,))
    if person is None:
        raise NotKept(openid)
    return person


def people(store: Store) -> list[dict[str, Any]]:
    """Everybody, in the order in which they came."""
    rows = store.all("SELECT * FROM people ORDER BY created_at, openid")
    return [person_json(row) for row in rows]


def person_json(row: Row) -> dict[str, Any]:
    """A person for pages and the admin API."""
    return {
        "openid": row["openid"],
        "name": row["name"],
        "note": row["note"],
        "avatar": row["avatar"],
        "subscribed": bool(row["subscribed"]),
    }


def set_subscribed(store: Store, openid: str, subscribed: bool) -> None:
    """Follow or leave the service account."""
    store.run("UPDATE people SET subscribed = ? WHERE openid = ?", (int(subscribed), openid))


def say(store: Store, message: Message) -> dict[str, Any]:
    """Put a message into the chat; what is shown for it comes back."""
    with store.transaction() as db:
        cursor = db.execute(
            "INSERT INTO messages (openid, direction, kind, title, text, url, fields, template_id,"
            " raw, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(message.openid, message.direction, message.kind, message.title, message.text),
                *(message.url, json.dumps(message.fields, ensure_ascii=False)),
                *(message.template_id, message.raw, clock.now()),
            ),
        )
        row = db.execute("SELECT * FROM messages WHERE id = ?", (cursor.lastrowid,)).fetchone()
    return message_json(row)


def messages(store: Store, openid: str, after: int, limit: int) -> list[dict[str, Any]]:
    """Messages of a person with an id above `after`: the newest `limit` of them, oldest first."""
    rows = store.all(
        "SELECT * FROM (SELECT * FROM messages WHERE openid = ? AND id > ?"
        " ORDER BY id DESC LIMIT ?) ORDER BY id",
        (openid, after, min(limit, PAGE_MAX)),
    )
    return [message_json(row) for row in rows]


def message_json(row: Row) -> dict[str, Any]:
    """A message for pages and the admin API."""
    names = ("id", "openid", "direction", "kind", "title", "text", "url", "template_id", "raw")
    return {name: row[name] for name in names} | {
        "fields": json.loads(row["fields"]),
        "at": clock.rfc3339(row["created_at"]),
    }
