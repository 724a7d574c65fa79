"""Who tells the story: the people in it, the steps so far, and what their phones show."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from deploy.demo import names
from deploy.demo.clients import Person, Phone, Staff, wait_for
from deploy.demo.connection import demo_id, openid_of, setting

RESIDENT = "household-00-0"
"""The resident of the story."""


@dataclass
class Step:
    """One sentence of the story, what came of it, and how long it took."""

    step: str
    ok: bool
    ms: float
    note: str = ""


class Story:
    """The people of the story and what has happened so far."""

    def __init__(self, tell: bool) -> None:
        self.steps: list[Step] = []
        self._tell = tell
        self._staff: dict[str, Staff] = {}
        self.gateway = setting("LINLI_GATEWAY_URL")
        self.sandbox = setting("LINLI_SANDBOX_URL")
        self.app_id = setting("LINLI_MARKETING_WECHAT_APP_ID")
        self.password = setting("LINLI_DEMO_STAFF_PASSWORD")
        self.phone = Phone(self.sandbox)
        self.shop = names.community().shops[0]
        self.store_id = demo_id(self.shop.key)
        self.community_id = demo_id(names.community().key)

    @contextmanager
    def step(self, sentence: str) -> Iterator[list[str]]:
        """Time what is done under a sentence; what is put into the list is said behind it."""
        began = time.perf_counter()
        notes: list[str] = []
        ok = False
        try:
            yield notes
            ok = True
        finally:
            ms = (time.perf_counter() - began) * 1000
            self.steps.append(Step(sentence, ok, round(ms, 1), "; ".join(notes)))
            if self._tell:
                mark = "✓" if ok else "✗"
                print(f"{mark} {sentence:<58}{ms:>8.0f} ms  {'; '.join(notes)}", flush=True)

    def person(self, key: str) -> Person:
        """Sign somebody in."""
        return Person(self.gateway, self.sandbox, openid_of(key), self.app_id)

    def staff(self, username: str) -> Staff:
        """A member of staff, signed in once: sign-ins are limited, and one session serves the
        whole story."""
        if username not in self._staff:
            self._staff[username] = Staff(self.gateway, username, self.password)
        return self._staff[username]

    def told(self, openid: str, words: str, since: int) -> dict[str, Any]:
        """The message on a phone that contains the words, once it is there."""

        def look() -> dict[str, Any] | None:
            for message in self.phone.messages(openid):
                if message["id"] > since and words in json.dumps(message, ensure_ascii=False):
                    return message
            return None

        return wait_for(look, f"a message about {words}")

    def last_message(self, openid: str) -> int:
        """The number of the newest message on a phone."""
        return max((message["id"] for message in self.phone.messages(openid)), default=0)
