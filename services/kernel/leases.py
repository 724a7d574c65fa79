"""Who of several copies does a scheduled job: a row with a holder and an end (never GET_LOCK)."""

from datetime import datetime, timedelta

from sqlalchemy import insert, or_, update
from sqlalchemy.exc import IntegrityError

from services.kernel.db import Database, is_duplicate
from services.kernel.schema import LEASE

LIFETIME = timedelta(seconds=10)


def acquire(db: Database, name: str, holder: str, now: datetime) -> bool:
    """True when `holder` now has the lease, until `now + LIFETIME`."""
    until = now + LIFETIME
    with db.transaction() as tx:
        taken = tx.execute(
            update(LEASE)
            .where(LEASE.c.name == name, or_(LEASE.c.holder == holder, LEASE.c.until < now))
            .values(holder=holder, until=until)
        ).rowcount
        if taken:
            return True
        try:
            tx.execute(insert(LEASE), {"name": name, "holder": holder, "until": until})
            return True
        except IntegrityError as error:
            if not is_duplicate(error):
                raise
            return False


class Lease:
    """A lease that is renewed only when a third of its life is over."""

    def __init__(self, name: str, holder: str) -> None:
        self._name, self._holder = name, holder
        self._next_look: datetime | None = None
        self._held = False

    def held(self, db: Database, now: datetime) -> bool:
        """Whether this copy is the one, asking the database at most every third of a lifetime."""
        if self._next_look is None or now >= self._next_look:
            self._held = acquire(db, self._name, self._holder, now)
            self._next_look = now + LIFETIME / 3
        return self._held
