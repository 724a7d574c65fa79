"""From what there is to tell to a message on a phone: find the people, send, try again.

Any number of copies may run this: rows are taken by moving their `due_at` ahead, and a copy that
dies leaves them due again.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from eventlet import GreenPool
from sqlalchemy import Row, delete, update
from sqlalchemy.dialects.mysql import insert

from services.contracts.identity import Contact, ContactsQuery, ContactsView
from services.contracts.marketing import (
    MarketingCounts,
    MarketingCountsQuery,
    NoticesQuery,
    NoticeState,
    NoticeView,
)
from services.kernel import failpoints
from services.kernel.actor import Actor
from services.kernel.db import Database, Tx
from services.kernel.errors import LinliError, Unavailable
from services.kernel.ids import new_id
from services.kernel.wire import Page
from services.marketing import accounts, locks, queries
from services.marketing.domain.addresses import one_each
from services.marketing.domain.notices import Kind
from services.marketing.domain.retry import next_try
from services.marketing.domain.tidings import Audience, day_began
from services.marketing.metrics import NOTICES
from services.marketing.settings import Settings
from services.marketing.tables import NoticeJobRow, NoticeRow, WechatEventRow

log = logging.getLogger(__name__)
ERROR_MAX = 200
FORGET_BATCH = 1000
_GROUPS = {
    Audience.HOUSEHOLD: "household_ids",
    Audience.MERCHANT: "merchant_ids",
    Audience.ACCOUNT: "account_ids",
}
Send = Callable[[Row[Any]], str]
"""Sends one notice; WeChat's message id. Unavailable: later; any other error: never."""


def address_notices(db: Database, services: Any, now: datetime, settings: Settings) -> int:
    """Turn due jobs into one notice for each person; how many jobs were taken comes back."""
    again_at = now + timedelta(seconds=settings.notice_claim_s)
    with db.transaction() as tx:
        jobs = locks.take_due_jobs(tx, now, again_at, settings.notice_batch)
    if not jobs:
        return 0
    try:
        contacts = _contacts_of(services, jobs)
    except LinliError as error:
        _put_off_jobs(db, jobs, error, now, settings)
        return len(jobs)
    failpoints.hit("marketing.notices.before_addressing")
    with db.transaction() as tx:
        app_ids = accounts.app_ids(tx)
        notices = [
            _new_notice(job, contact, now)
            for job in jobs
            for contact in one_each(contacts.get(job.group_id, ()), app_ids)
        ]
        if notices:
            add = insert(NoticeRow)
            tx.execute(add.on_duplicate_key_update(job_id=add.inserted.job_id), notices)
        _end_jobs(tx, [job.job_id for job in jobs], NoticeState.SENT)
    return len(jobs)


def _contacts_of(services: Any, jobs: list[Row[Any]]) -> dict[str, list[Contact]]:
    """The people of each group: one question for the whole batch."""
    asked: dict[str, set[str]] = {}
    people: dict[str, list[Contact]] = {}
    for job in jobs:
        if job.audience == Audience.FOLLOWER:
            people[job.group_id] = [
                Contact(
                    group_id=job.job_id,
                    account_id=job.job_id,
                    app_id=job.app_id,
                    openid=job.group_id,
                )
            ]
        else:
            asked.setdefault(_GROUPS[Audience(job.audience)], set()).add(job.group_id)
    if asked:
        query = ContactsQuery(**{name: sorted(ids) for name, ids in asked.items()})
        view = services.identity.contacts(query, answer=ContactsView, deadline_ms=3000)
        for contact in view.contacts:
            people.setdefault(contact.group_id, []).append(contact)
    return people


def _new_notice(job: Row[Any], contact: Contact, now: datetime) -> dict[str, Any]:
    return {
        "notice_id": new_id(),
        "job_id": job.job_id,
        "account_id": None if job.audience == Audience.FOLLOWER else contact.account_id,
        "app_id": contact.app_id,
        "openid": contact.openid,
        "kind": job.kind,
        "facts": job.facts,
        "state": NoticeState.PENDING,
        "tries": 0,
        "due_at": now,
        "wechat_msg_id": "",
        "error": "",
        "created_at": now,
        "sent_at": None,
    }


def _end_jobs(tx: Tx, job_ids: list[str], state: NoticeState, error: str = "") -> None:
    tx.execute(
        update(NoticeJobRow)
        .where(NoticeJobRow.job_id.in_(job_ids))
        .values(state=state, error=error[:ERROR_MAX])
    )


def _put_off_jobs(
    db: Database, jobs: list[Row[Any]], error: LinliError, now: datetime, settings: Settings
) -> None:
    log.warning("identity did not say whom to tell: %s", error.code)
    with db.transaction() as tx:
        for job in jobs:
            if job.tries + 1 >= settings.notice_tries_max:
                _end_jobs(tx, [job.job_id], NoticeState.FAILED, error.message)
                continue
            tx.execute(
                update(NoticeJobRow)
                .where(NoticeJobRow.job_id == job.job_id)
                .values(due_at=next_try(now, job.tries + 1), error=error.message[:ERROR_MAX])
            )


def send_notices(db: Database, send: Send, now: datetime, settings: Settings) -> int:
    """Send what is due, some side by side; how many were taken comes back."""
    again_at = now + timedelta(seconds=settings.notice_claim_s)
    with db.transaction() as tx:
        notices = locks.take_due_notices(tx, now, again_at, settings.notice_batch)
    pool = GreenPool(settings.notice_parallel)
    return len(list(pool.imap(lambda notice: _send_one(db, send, notice, now, settings), notices)))


def _send_one(
    db: Database, send: Send, notice: Row[Any], now: datetime, settings: Settings
) -> None:
    tries = notice.tries + 1
    try:
        values: dict[str, Any] = {
            "wechat_msg_id": send(notice)[:40],
            "state": NoticeState.SENT,
            "sent_at": now,
            "error": "",
        }
    except LinliError as error:
        values = {"error": error.message[:ERROR_MAX]}
        if isinstance(error, Unavailable) and tries < settings.notice_tries_max:
            values["due_at"] = next_try(now, tries)
        else:
            values["state"] = NoticeState.FAILED
            log.warning("notice %s has failed: %s", notice.notice_id, error.message)
    failpoints.hit("marketing.notices.after_send")
    with db.transaction() as tx:
        tx.execute(
            update(NoticeRow).where(NoticeRow.notice_id == notice.notice_id).values(**values)
        )
    NOTICES.labels(Kind(notice.kind), values.get("state", "put_off")).inc()


def notices(db: Database, query: NoticesQuery, actor: Actor, public_url: str) -> Page[NoticeView]:
    """The asking actor's own notices, newest first."""
    with db.reading() as tx:
        page = queries.notices_of(tx, actor.account_id, query.after, query.limit, public_url)
    full = len(page) == query.limit
    return Page[NoticeView](items=page, next_after=page[-1].notice_id if full else None)


def counts(db: Database, _query: MarketingCountsQuery, now: datetime) -> MarketingCounts:
    """Numbers of now, over all accounts."""
    with db.reading() as tx:
        return queries.counts(tx, day_began(now))


def forget_old(db: Database, now: datetime, settings: Settings) -> int:
    """Drop what is older than `kept_days` and has been settled; a bounded number each time."""
    long_ago = now - timedelta(days=settings.kept_days)
    old = (
        delete(NoticeRow).where(
            NoticeRow.state != NoticeState.PENDING, NoticeRow.created_at < long_ago
        ),
        delete(NoticeJobRow).where(
            NoticeJobRow.state != NoticeState.PENDING, NoticeJobRow.created_at < long_ago
        ),
        delete(WechatEventRow).where(WechatEventRow.received_at < long_ago),
    )
    forgotten = 0
    for statement in old:
        with db.transaction() as tx:
            limited = statement.with_dialect_options(mysql_limit=FORGET_BATCH)
            forgotten += tx.execute(limited).rowcount
    return forgotten
