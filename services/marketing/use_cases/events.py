"""Taking in what has happened: every handler only writes down what there is to tell."""

from datetime import datetime

from sqlalchemy import func as sql
from sqlalchemy import insert
from sqlalchemy.dialects.mysql import insert as upsert
from sqlalchemy.exc import IntegrityError

from services.contracts.marketing import NoticeState, WechatEventReceived
from services.kernel.db import Tx, is_duplicate
from services.kernel.ids import derived_id
from services.kernel.wire import Event
from services.marketing.domain.tidings import tidings_of
from services.marketing.tables import FollowerRow, NoticeJobRow, WechatEventRow

_FOLLOWING = {"subscribe": True, "unsubscribe": False}


def queue_notices(tx: Tx, event: Event, now: datetime) -> None:
    """Write down whom to tell what of an event, in one statement; a second time changes nothing."""
    jobs = [
        {
            "job_id": derived_id(tiding.kind, event.aggregate_id, tiding.group_id, *tiding.key),
            "kind": tiding.kind,
            "audience": tiding.audience,
            "group_id": tiding.group_id,
            "app_id": tiding.app_id,
            "facts": tiding.facts,
            "state": NoticeState.PENDING,
            "tries": 0,
            "due_at": now,
            "error": "",
            "created_at": now,
        }
        for tiding in tidings_of(event)
    ]
    if jobs:
        add = upsert(NoticeJobRow)
        tx.execute(add.on_duplicate_key_update(job_id=add.inserted.job_id), jobs)


def take_in_wechat_event(tx: Tx, event: WechatEventReceived, now: datetime) -> None:
    """Keep a webhook event, once for what WeChat repeats; follow and unfollow change the follower,
    and who follows is greeted."""
    if not _first_time(tx, event, now):
        return
    if event.kind in _FOLLOWING:
        _follow(tx, event)
    queue_notices(tx, event, now)


def _first_time(tx: Tx, event: WechatEventReceived, now: datetime) -> bool:
    row = event.model_dump(exclude={"aggregate_id", "version"})
    try:
        tx.execute(
            insert(WechatEventRow), row | {"event_id": event.aggregate_id, "received_at": now}
        )
    except IntegrityError as error:
        if not is_duplicate(error):
            raise
        return False
    return True


def _follow(tx: Tx, event: WechatEventReceived) -> None:
    row = upsert(FollowerRow).values(
        app_id=event.app_id,
        openid=event.openid,
        following=_FOLLOWING[event.kind],
        changed_at=event.created_at,
    )
    newer = row.inserted.changed_at >= FollowerRow.changed_at
    # Assignments run from left to right: `following` must be decided on the old `changed_at`.
    tx.execute(
        row.on_duplicate_key_update(
            [
                ("following", sql.if_(newer, row.inserted.following, FollowerRow.following)),
                ("changed_at", sql.greatest(row.inserted.changed_at, FollowerRow.changed_at)),
            ]
        )
    )
