"""Sessions as they are kept: the secret goes to the cookie, its SHA-256 into the table."""

import hashlib
import secrets
from datetime import datetime

from sqlalchemy import insert, select

from services.contracts.identity import SessionView
from services.identity.domain.sessions import Session, SessionKind
from services.identity.tables import SessionRow
from services.kernel.db import Tx
from services.kernel.ids import new_id

SECRET_BYTES = 32


def token_sha256(session_token: str) -> str:
    """What is kept of a secret. It is random and long: a slow hash would add nothing."""
    return hashlib.sha256(session_token.encode()).hexdigest()


def open_session(
    tx: Tx, account_id: str, kind: SessionKind, client: str, now: datetime, until: datetime
) -> SessionView:
    """A new session; the view bears its secret, this once."""
    secret = secrets.token_urlsafe(SECRET_BYTES)
    values = {
        "token_sha256": token_sha256(secret),
        "session_id": new_id(),
        "account_id": account_id,
        "kind": kind,
        "client": client,
        "created_at": now,
        "expires_at": until,
        "ended_at": None,
    }
    tx.execute(insert(SessionRow).values(**values))
    return SessionView(session_token=secret, account_id=account_id, expires_at=until)


def find_session(tx: Tx, session_token: str) -> Session | None:
    """The session of a secret, open or not."""
    found = select(
        SessionRow.session_id,
        SessionRow.account_id,
        SessionRow.kind,
        SessionRow.expires_at,
        SessionRow.ended_at,
    ).where(SessionRow.token_sha256 == token_sha256(session_token))
    row = tx.first(found)
    if row is None:
        return None
    return Session(
        session_id=row.session_id,
        account_id=row.account_id,
        kind=SessionKind(row.kind),
        expires_at=row.expires_at,
        ended=row.ended_at is not None,
    )
