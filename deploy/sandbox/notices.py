"""Notices to the merchant: the envelope, the repeats, and a record of every attempt.

Sources: WeChat Pay merchant documents 「支付成功回调通知」 and 「退款结果通知」: an answer
other than 200 or 204 within 5 seconds means again, at 15s/15s/30s/3m/10m/20m/30m/30m/30m/60m/3h/
3h/3h/6h/6h; and 「签名探测流量」: now and then comes a notice whose signature is wrong on
purpose, to be refused.
"""

import json
import random
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from sqlite3 import Connection
from typing import Any

import urllib3

from deploy.sandbox import clock, records
from deploy.sandbox.keys import Account
from deploy.sandbox.signing import Signer
from deploy.sandbox.store import NotKept, Store
from deploy.sandbox.timers import Timers
from deploy.sandbox.trouble import Knobs

REPEATS_S = (
    *(15, 15, 30, 180, 600, 1200, 1800, 1800, 1800),
    *(3600, 10_800, 10_800, 10_800, 21_600, 21_600),
)
ANSWER_WITHIN_S = 5.0
GOOD_ANSWERS = (200, 204)
HOLD_LOOK_AGAIN_S = 0.05
ORIGINAL_TYPES = {
    "TRANSACTION": "transaction",
    "REFUND": "refund",
    "MCHTRANSFER": "mch_payment",
}
SUMMARIES = {
    "TRANSACTION.SUCCESS": "支付成功",
    "REFUND.SUCCESS": "退款成功",
    "REFUND.ABNORMAL": "退款异常",
    "REFUND.CLOSED": "退款关闭",
    "MCHTRANSFER.BILL.FINISHED": "商家转账单据终态通知",
}


@dataclass(frozen=True)
class Outcome:
    """What one attempt met; `status` is nothing when no answer came."""

    status: int | None
    ms: float
    error: str | None
    good: bool = False
    """Whether the merchant took it."""


@dataclass(frozen=True)
class Post:
    """How another channel than WeChat Pay writes its notices, sees them taken, and repeats them."""

    write: Callable[[Any], tuple[bytes, dict[str, str]]]
    """Body and headers of a notice as of now."""
    takes: Callable[[int, bytes], bool]
    """Whether this answer says that the merchant has it."""
    repeats_s: Sequence[float]


class Notices:
    """Sends what has been announced until the merchant takes it."""

    def __init__(
        self, account: Account, store: Store, signer: Signer, timers: Timers, knobs: Knobs
    ) -> None:
        self._account = account
        self._store = store
        self._signer = signer
        self._timers = timers
        self._knobs = knobs
        self._http = urllib3.PoolManager(
            num_pools=8, maxsize=16, block=False, retries=False, timeout=ANSWER_WITHIN_S
        )
        self._announced = count(1)
        self._posts: dict[str, Post] = {}

    def learn(self, channel: str, post: Post) -> None:
        """Send the notices whose event type begins with `channel.` in this way."""
        self._posts[channel] = post

    def resume(self) -> None:
        """Go on with what a former process left undelivered."""
        for row in self._store.all("SELECT id FROM notices WHERE state = 'waiting'"):
            self.start(row["id"])

    def announce(self, db: Connection, event_type: str, subject: str, url: str) -> str:
        """Put the notice on record inside the caller's transaction; `start` it after the commit."""
        notice_id = str(uuid.uuid4())
        db.execute(
            "INSERT INTO notices (id, event_type, subject, url, state, created_at)"
            " VALUES (?, ?, ?, ?, 'waiting', ?)",
            (notice_id, event_type, subject, url, clock.now()),
        )
        return notice_id

    def start(self, notice_id: str) -> None:
        """Let the first attempt go, as late as the trouble of the day wants."""
        trouble = self._knobs.trouble
        delay_s = trouble.notice_delay_s + random.uniform(0, trouble.shuffle_window_s)
        self._timers.after(delay_s, lambda: self._attempt(notice_id))

    def replay_recorded(self, attempt_id: int) -> Outcome:
        """The recorded bytes and headers once more."""
        row = self._store.one(
            "SELECT a.*, n.url FROM attempts a JOIN notices n ON n.id = a.notice_id WHERE a.id = ?",
            (attempt_id,),
        )
        if row is None:
            raise NotKept(attempt_id)
        return self._send(
            row["notice_id"], row["url"], "replay", row["body"], json.loads(row["headers"])
        )

    def replay_fresh(self, notice_id: str) -> Outcome:
        """The same notice signed anew."""
        row = self._notice(notice_id)
        if row is None:
            raise NotKept(notice_id)
        body, headers = self._written(row)
        return self._send(notice_id, row["url"], "replay", body, headers)

    def _attempt(self, notice_id: str) -> None:
        row, trouble = self._notice(notice_id), self._knobs.trouble
        if row is None or row["state"] != "waiting":
            return
        if trouble.hold_notices:
            self._timers.after(HOLD_LOOK_AGAIN_S, lambda: self._attempt(notice_id))
        elif row["tries"] < trouble.lose_first_notices:
            self._lose(notice_id)
            self._again(notice_id, row["tries"])
        elif self._deliver(row).good:
            self._finish(notice_id, "delivered")
        else:
            self._again(notice_id, row["tries"])

    def _deliver(self, row: Any) -> Outcome:
        body, headers = self._written(row)
        every = 0 if self._post(row) else self._knobs.settings.signtest_every
        if every and row["tries"] == 0 and next(self._announced) % every == 0:
            self._send(row["id"], row["url"], "signtest", body, self._signer.probe_headers(body))
        outcome = self._send(row["id"], row["url"], "notice", body, headers)
        if self._knobs.trouble.send_twice:
            again, headers = self._written(row)
            self._send(row["id"], row["url"], "duplicate", again, headers)
        return outcome

    def _again(self, notice_id: str, tries: int) -> None:
        post = self._post(self._notice(notice_id))
        repeats_s = post.repeats_s if post else REPEATS_S
        if tries >= len(repeats_s):
            self._finish(notice_id, "given_up")
            return
        self._store.run("UPDATE notices SET tries = tries + 1 WHERE id = ?", (notice_id,))
        delay_s = repeats_s[tries] / max(self._knobs.settings.speed_up, 0.001)
        self._timers.after(delay_s, lambda: self._attempt(notice_id))

    def _finish(self, notice_id: str, state: str) -> None:
        self._store.run("UPDATE notices SET state = ? WHERE id = ?", (state, notice_id))

    def _notice(self, notice_id: str) -> Any:
        return self._store.one("SELECT * FROM notices WHERE id = ?", (notice_id,))

    def _post(self, row: Any) -> Post | None:
        return self._posts.get(row["event_type"].partition(".")[0]) if row else None

    def _written(self, row: Any) -> tuple[bytes, dict[str, str]]:
        """Body and headers as of now."""
        if post := self._post(row):
            return post.write(row)
        body = self._body(row)
        return body, self._signer.headers(body)

    def _body(self, row: Any) -> bytes:
        """The envelope as of now: the resource is sealed anew for each attempt, the id stays."""
        wrong_by_fen = int(self._knobs.trouble.wrong_amount)
        resource = records.notice_resource(self._account, self._store, row, wrong_by_fen)
        envelope = {
            "id": row["id"],
            "create_time": clock.rfc3339(row["created_at"]),
            "resource_type": "encrypt-resource",
            "event_type": row["event_type"],
            "summary": SUMMARIES[row["event_type"]],
            "resource": self._signer.encrypted(
                json.dumps(resource, ensure_ascii=False).encode(),
                ORIGINAL_TYPES[row["event_type"].partition(".")[0]],
            ),
        }
        return json.dumps(envelope, ensure_ascii=False, separators=(",", ":")).encode()

    def _send(
        self, notice_id: str, url: str, kind: str, body: bytes, headers: dict[str, str]
    ) -> Outcome:
        started = time.monotonic()
        status, error, good = None, None, False
        sent = {"Content-Type": "application/json", "User-Agent": "Mozilla/4.0", **headers}
        try:
            answer = self._http.request("POST", url, body=body, headers=sent, redirect=False)
            status = answer.status
            good = self._takes(notice_id, answer.status, answer.data)
        except urllib3.exceptions.HTTPError as failed:
            error = type(failed).__name__
        outcome = Outcome(status, round((time.monotonic() - started) * 1000, 1), error, good)
        self._record(notice_id, kind, outcome, headers, body)
        return outcome

    def _takes(self, notice_id: str, status: int, answer: bytes) -> bool:
        post = self._post(self._notice(notice_id))
        return post.takes(status, answer) if post else status in GOOD_ANSWERS

    def _lose(self, notice_id: str) -> None:
        self._record(notice_id, "lost", Outcome(None, 0.0, "lost on purpose"), {}, b"")

    def _record(
        self, notice_id: str, kind: str, outcome: Outcome, headers: dict[str, str], body: bytes
    ) -> None:
        self._store.run(
            "INSERT INTO attempts (notice_id, kind, sent_at, status, ms, error, headers, body)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(notice_id, kind, clock.now(), outcome.status, outcome.ms, outcome.error),
                *(json.dumps(headers), body),
            ),
        )
