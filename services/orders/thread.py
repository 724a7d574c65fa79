"""What is said about an order: a row a word, in the caller's transaction."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import insert, select

from services.contracts.orders import MessageView, Party, UploadedPhoto
from services.kernel.db import Tx
from services.kernel.files import FileStore
from services.kernel.ids import new_id
from services.orders.domain.doer import Doer
from services.orders.tables_beside import MessageRow

FOLDER = "orders"


def claim_photos(files: FileStore, photos: Sequence[UploadedPhoto]) -> list[str]:
    """Take uploads over, before the transaction; the same upload again gives the same key."""
    return [files.claim(photo.key, photo.sha256, FOLDER) for photo in photos]


def say(
    tx: Tx,
    order_id: str,
    doer: Doer,
    text: str,
    photos: Sequence[str],
    now: datetime,
    *,
    asked: Party | None = None,
) -> MessageView:
    """Add a word to the order's thread; `asked` is the side that staff wants an answer from."""
    row = {
        "message_id": new_id(),
        "order_id": order_id,
        "at": now,
        "party": doer.party,
        "account_id": doer.account_id,
        "name": doer.name,
        "text": text,
        "photos": list(photos),
        "asked": asked,
    }
    tx.execute(insert(MessageRow), row)
    return MessageView.model_validate({**row, "to": asked})


def words(tx: Tx, order_id: str, after: str | None, limit: int) -> list[MessageView]:
    """The thread, oldest first; at most `limit`."""
    statement = select(MessageRow.__table__).where(MessageRow.order_id == order_id)
    if after:
        statement = statement.where(MessageRow.message_id > after)
    rows = tx.all(statement.order_by(MessageRow.message_id).limit(limit))
    return [MessageView.model_validate({**row._mapping, "to": row.asked}) for row in rows]
