"""Signing in and out.

A sign-in is not answered from its claim: the secret would have to be kept in the clear. The same
request again opens another session, and the first, whose secret nobody got, runs out by itself.
"""

from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from services.contracts.identity import (
    EndSession,
    SessionView,
    SignInStaff,
    SignInWithWechat,
    WrongPassword,
)
from services.identity.domain.sessions import SessionKind
from services.identity.passwords import Passwords
from services.identity.sessions import open_session, token_sha256
from services.identity.tables import AccountRow, SessionRow, StaffRow, WechatUserRow
from services.kernel.db import Database, Tx, is_duplicate
from services.kernel.ids import derived_id
from services.kernel.wire import Done

PURGE_BATCH = 1000


def sign_in_with_wechat(
    db: Database, command: SignInWithWechat, now: datetime, lifetime: timedelta
) -> SessionView:
    """A session for the account of this WeChat user, which is made at the first visit."""
    with db.transaction() as tx:
        account_id = _bound_account(tx, command) or _new_account(tx, command, now)
        until = now + lifetime
        return open_session(tx, account_id, SessionKind.WECHAT, command.client, now, until)


def _bound_account(tx: Tx, command: SignInWithWechat) -> str | None:
    found = select(WechatUserRow.account_id).where(
        WechatUserRow.app_id == command.app_id, WechatUserRow.openid == command.openid
    )
    row = tx.first(found)
    return row.account_id if row else None


def _new_account(tx: Tx, command: SignInWithWechat, now: datetime) -> str:
    """An account without name or phone; two first visits at once make one, by its derived id."""
    account_id = derived_id("wechat", command.app_id, command.openid)
    account = {"account_id": account_id, "name": "", "is_courier": False, "created_at": now}
    binding = {"app_id": command.app_id, "openid": command.openid, "account_id": account_id}
    try:
        tx.execute(insert(AccountRow).values(**account))
        tx.execute(insert(WechatUserRow).values(**binding, bound_at=now))
    except IntegrityError as error:
        if not is_duplicate(error):
            raise
        return _bound_account(tx, command) or account_id
    return account_id


def sign_in_staff(
    db: Database, passwords: Passwords, command: SignInStaff, now: datetime, lifetime: timedelta
) -> SessionView:
    """A session for a member of staff; WrongPassword says no more than that."""
    found = select(StaffRow.account_id, StaffRow.password_hash).where(
        StaffRow.username == command.username
    )
    with db.reading() as tx:
        row = tx.first(found)
    right = passwords.matches(row.password_hash if row else None, command.password)
    if row is None or not right:
        raise WrongPassword
    with db.transaction() as tx:
        until = now + lifetime
        return open_session(tx, row.account_id, SessionKind.STAFF, command.client, now, until)


def end_session(db: Database, command: EndSession, now: datetime) -> Done:
    """Signed out; of a session that is over or unknown nothing is said."""
    with db.transaction() as tx:
        tx.execute(
            update(SessionRow)
            .where(
                SessionRow.token_sha256 == token_sha256(command.session_token),
                SessionRow.ended_at.is_(None),
            )
            .values(ended_at=now)
        )
        return Done()


def purge_sessions(db: Database, now: datetime, kept_for: timedelta) -> int:
    """Delete sessions that have been over for so long; how many."""
    old = delete(SessionRow).where(SessionRow.expires_at < now - kept_for)
    with db.transaction() as tx:
        return tx.execute(old.with_dialect_options(mysql_limit=PURGE_BATCH)).rowcount
