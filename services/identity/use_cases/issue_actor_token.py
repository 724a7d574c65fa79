"""Turn a session into the token that every service checks by itself."""

from datetime import datetime, timedelta

from sqlalchemy import update

from services.contracts.identity import ActorTokenView, SessionQuery, UnknownSession
from services.identity.queries.actors import actor_of
from services.identity.sessions import find_session, token_sha256
from services.identity.tables import SessionRow
from services.kernel.actor import TOKEN_LIFETIME, ActorSigner
from services.kernel.db import Database


def issue_actor_token(
    db: Database, signer: ActorSigner, query: SessionQuery, now: datetime, lifetime: timedelta
) -> ActorTokenView:
    """A token with what the session's account is and may at this moment, good for a minute.

    Using a WeChat session moves its end to `lifetime` from now, at most once a day.
    """
    with db.reading() as tx:
        session = find_session(tx, query.session_token)
        if session is None or not session.is_open(now):
            raise UnknownSession
        actor = actor_of(tx, session)
    new_end = session.slides_to(now, lifetime)
    if new_end is not None:
        with db.transaction() as tx:
            mine = SessionRow.token_sha256 == token_sha256(query.session_token)
            tx.execute(update(SessionRow).where(mine).values(expires_at=new_end))
    good_for = min(TOKEN_LIFETIME, session.expires_at - now)
    return ActorTokenView(token=signer.sign(actor, now, good_for), expires_at=now + good_for)
