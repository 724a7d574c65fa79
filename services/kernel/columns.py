"""Column types of every table: an id, a moment and a fen look the same everywhere."""

from datetime import UTC, datetime
from typing import Annotated, Any

from sqlalchemy import BigInteger, DateTime, Integer, String, Text, TypeDecorator
from sqlalchemy.dialects import mysql
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import mapped_column

from services.kernel import jsons

ASCII = {"charset": "ascii", "collation": "ascii_bin"}


class UtcDateTime(TypeDecorator[datetime]):
    """DATETIME(6) in UTC; only aware datetimes get in, only aware ones come out."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        return dialect.type_descriptor(mysql.DATETIME(fsp=6))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone must not be stored")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


class JsonText(TypeDecorator[Any]):
    """A snapshot that is never searched, as JSON text."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        return dialect.type_descriptor(mysql.MEDIUMTEXT())

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else jsons.dumps(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else jsons.loads(value)


ID = mysql.CHAR(26, charset="ascii", collation="ascii_bin")
CODE = mysql.VARCHAR(40, charset="ascii", collation="ascii_bin")
HASH = mysql.CHAR(64, charset="ascii", collation="ascii_bin")

IdKey = Annotated[str, mapped_column(ID, primary_key=True)]
IdRef = Annotated[str, mapped_column(ID)]
MaybeIdRef = Annotated[str | None, mapped_column(ID, nullable=True)]
Code = Annotated[str, mapped_column(CODE)]
MaybeCode = Annotated[str | None, mapped_column(CODE, nullable=True)]
Hash = Annotated[str, mapped_column(HASH)]
FenColumn = Annotated[int, mapped_column(BigInteger)]
MaybeFenColumn = Annotated[int | None, mapped_column(BigInteger, nullable=True)]
Instant = Annotated[datetime, mapped_column(UtcDateTime)]
MaybeInstant = Annotated[datetime | None, mapped_column(UtcDateTime, nullable=True)]
Short = Annotated[str, mapped_column(String(200))]
Long = Annotated[str, mapped_column(Text)]
Json = Annotated[Any, mapped_column(JsonText)]
Count = Annotated[int, mapped_column(Integer)]
MaybeCount = Annotated[int | None, mapped_column(Integer, nullable=True)]

TYPES: dict[Any, Any] = {datetime: UtcDateTime, str: String(200), int: BigInteger}
"""For `type_annotation_map` of a service's declarative base."""
