"""A database's rows, to see whether anything has changed, and to put them back."""

from typing import Any

from sqlalchemy import text

from services.kernel.db import Database


class Snapshot:
    """All rows of all tables at the moment when it was taken; for small databases."""

    def __init__(self, db: Database) -> None:
        self._db = db
        with db.reading() as tx:
            names = [str(name) for (name,) in tx.all(text("SHOW TABLES"))]
            self._rows: dict[str, list[dict[str, Any]]] = {
                name: [dict(row._mapping) for row in tx.all(text(f"SELECT * FROM `{name}`"))]
                for name in names
            }
        self._sums = self._checksums()

    def changed(self) -> list[str]:
        """The tables whose rows are not the same any more."""
        now = self._checksums()
        return [name for name, before in self._sums.items() if now[name] != before]

    def restore(self) -> bool:
        """Put back what has changed; False when nothing had."""
        changed = self.changed()
        with self._db.transaction() as tx:
            tx.execute(text("SET foreign_key_checks=0"))
            for name in changed:
                tx.execute(text(f"DELETE FROM `{name}`"))
                self._insert(tx, name)
            tx.execute(text("SET foreign_key_checks=1"))
        return bool(changed)

    def _insert(self, tx: Any, name: str) -> None:
        rows = self._rows[name]
        if rows:
            columns = ", ".join(f"`{column}`" for column in rows[0])
            values = ", ".join(f":{column}" for column in rows[0])
            tx.execute(text(f"INSERT INTO `{name}` ({columns}) VALUES ({values})"), rows)

    def _checksums(self) -> dict[str, Any]:
        tables = ", ".join(f"`{name}`" for name in self._rows)
        with self._db.reading() as tx:
            rows = tx.all(text(f"CHECKSUM TABLE {tables}"))
        return {str(table).partition(".")[2]: checksum for table, checksum in rows}
