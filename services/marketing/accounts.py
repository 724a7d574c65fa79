"""WeChat accounts with their secrets: sealed in the table, open only in memory."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.dialects.mysql import insert

from services.contracts.marketing import NoSuchWechatAccount, PutWechatAccount
from services.kernel.crypto import Sealer
from services.kernel.db import Tx
from services.marketing.tables import WechatAccountRow

SECRETS = ("app_secret", "token", "aes_key")
APP_IDS_MAX = 200


@dataclass(frozen=True, slots=True)
class Account:
    """A service account, opened. Its secrets do not show in a log line."""

    app_id: str
    name: str
    api_base_url: str
    oauth_base_url: str
    template_ids: dict[str, str]
    version: int
    app_secret: str = field(repr=False)
    token: str = field(repr=False)
    aes_key: str = field(repr=False)


def sealed_for(app_id: str, secret: str) -> str:
    """The associated data under which a secret of an account is sealed."""
    return f"wechat_account:{app_id}:{secret}"


def put(tx: Tx, sealer: Sealer, account: PutWechatAccount, now: datetime) -> None:
    """Make or replace the account's row."""
    sealed = {
        f"{name}_sealed": sealer.seal(
            getattr(account, name).encode(), sealed_for(account.app_id, name)
        )
        for name in SECRETS
    }
    plain = account.model_dump(exclude={"request_id", *SECRETS})
    row = insert(WechatAccountRow).values(
        **plain, **sealed, version=1, created_at=now, updated_at=now
    )
    changed = {name: row.inserted[name] for name in [*plain, *sealed, "updated_at"]}
    tx.execute(row.on_duplicate_key_update(changed | {"version": WechatAccountRow.version + 1}))


def find(tx: Tx, sealer: Sealer, app_id: str) -> Account:
    """The account, or the one that was set up first when no app id is given."""
    statement = select(WechatAccountRow.__table__)
    if app_id:
        statement = statement.where(WechatAccountRow.app_id == app_id)
    by_age = statement.order_by(WechatAccountRow.created_at, WechatAccountRow.app_id)
    row = tx.first(by_age.limit(1))
    if row is None:
        raise NoSuchWechatAccount()
    return _opened(row, sealer)


def app_ids(tx: Tx) -> list[str]:
    """The accounts that are set up."""
    rows = tx.all(
        select(WechatAccountRow.app_id).order_by(WechatAccountRow.created_at).limit(APP_IDS_MAX)
    )
    return [row.app_id for row in rows]


def _opened(row: Row[Any], sealer: Sealer) -> Account:
    secrets = {
        name: sealer.open(row._mapping[f"{name}_sealed"], sealed_for(row.app_id, name)).decode()
        for name in SECRETS
    }
    return Account(
        app_id=row.app_id,
        name=row.name,
        api_base_url=row.api_base_url.rstrip("/"),
        oauth_base_url=row.oauth_base_url.rstrip("/"),
        template_ids=row.template_ids,
        version=row.version,
        **secrets,
    )
