"""An event takes effect once: its id is inserted in the transaction of its effect."""

from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from services.kernel import clock
from services.kernel.db import Tx, is_duplicate
from services.kernel.schema import INBOX

_INSERT = insert(INBOX)


def first_time(tx: Tx, event_id: str, consumer: str) -> bool:
    """False when this consumer's effect of this event is here already."""
    try:
        tx.execute(
            _INSERT, {"event_id": event_id, "consumer": consumer, "received_at": clock.now()}
        )
        return True
    except IntegrityError as error:
        if not is_duplicate(error):
            raise
        return False
