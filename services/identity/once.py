"""Rows that are registered under an id of the caller's choice: a repeat meets the first."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Table, insert, select
from sqlalchemy.exc import IntegrityError

from services.contracts.identity import AlreadyRegistered, NameTaken
from services.identity.tables import Row
from services.kernel.db import Tx, is_duplicate


def insert_once(
    tx: Tx, row_type: type[Row], values: Mapping[str, Any], same: tuple[str, ...]
) -> bool:
    """True when the row is new, False when it is there already with the same values in `same`.

    AlreadyRegistered when the id stands for something else, NameTaken when another id has what
    must be unique.
    """
    try:
        tx.execute(insert(row_type).values(**values))
        return True
    except IntegrityError as error:
        if not is_duplicate(error):
            raise
    table = row_type.__table__
    assert isinstance(table, Table)
    keys = [column == values[column.name] for column in table.primary_key.columns]
    there = tx.first(select(*table.primary_key.columns, *(table.c[n] for n in same)).where(*keys))
    if there is None:
        raise NameTaken(fields={name: str(values[name]) for name in same})
    if any(there._mapping[name] != values[name] for name in same):
        raise AlreadyRegistered
    return False
