"""What a proof claims: a name, a sentence, the table it is about, and what would break it."""

from typing import Any

from sqlalchemy import FromClause, Select, func, select

Claim = tuple[str, str, type[Any], Select[Any]]
"""Name, sentence, the table whose rows are looked at, and a query of what breaks the sentence."""


def sum_by(column: Any, amount: Any, name: str) -> FromClause:
    """`key` and `total`: the sum of `amount` for each value of `column`."""
    return (
        select(column.label("key"), func.sum(amount).label("total")).group_by(column).subquery(name)
    )
