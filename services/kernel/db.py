"""One database, its options in one place, and the transaction that a use case is.

READ COMMITTED everywhere; no ping before use (a lost connection is re-tried by the entrypoint).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, CursorResult, Engine, Executable, Row, create_engine
from sqlalchemy.engine.interfaces import IsolationLevel
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError

from services.kernel import call
from services.kernel.metrics import STATEMENTS

LOCK_WAIT_S = 5
_RETRYABLE = {1213, 1205, 1020}
"""Deadlock, lock wait time-out, snapshot conflict (MariaDB server error codes)."""
_GONE = {2006, 2013, 2003, 1927, 1053, 4031}
"""Server has gone away, lost during query, cannot connect, killed, shutting down, timed out."""
_DUPLICATE = 1062


def error_number(error: BaseException) -> int | None:
    """The server's error number, where there is one."""
    args = getattr(getattr(error, "orig", None), "args", ())
    return args[0] if args and isinstance(args[0], int) else None


def is_duplicate(error: IntegrityError) -> bool:
    """True when a unique key refused a row that is already there."""
    return error_number(error) == _DUPLICATE


def is_retryable(error: BaseException) -> bool:
    """True when the whole use case may simply run again."""
    return isinstance(error, OperationalError) and error_number(error) in _RETRYABLE


def is_gone(error: BaseException) -> bool:
    """True when the connection, not the statement, was at fault."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    return isinstance(error, OperationalError | InterfaceError) and (
        error_number(error) in _GONE or error_number(error) in (0, None)
    )


class Tx:
    """A transaction (or an autocommit read): statements go in, and hooks run after the commit."""

    __slots__ = ("_connection", "_hooks")

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._hooks: list[Callable[[], None]] = []

    @property
    def connection(self) -> Connection:
        """The SQLAlchemy connection, for what the short methods below do not cover."""
        return self._connection

    def execute(
        self, statement: Executable, params: dict[str, Any] | Sequence[dict[str, Any]] | None = None
    ) -> CursorResult[Any]:
        """Run a statement; a list of dictionaries runs it once for many rows."""
        STATEMENTS.labels(call.origin()).inc()
        return self._connection.execute(statement, params)

    def first(self, statement: Executable, params: dict[str, Any] | None = None) -> Row[Any] | None:
        """The first row, or None."""
        return self.execute(statement, params).first()

    def all(self, statement: Executable, params: dict[str, Any] | None = None) -> list[Row[Any]]:
        """All rows; the statement bears the limit."""
        return list(self.execute(statement, params).all())

    def scalar(self, statement: Executable, params: dict[str, Any] | None = None) -> Any:
        """The first column of the first row, or None."""
        return self.execute(statement, params).scalar()

    def on_commit(self, hook: Callable[[], None]) -> None:
        """Run `hook` when, and only when, the transaction has been committed."""
        self._hooks.append(hook)

    def committed(self) -> None:
        """Run the hooks; called by Database."""
        for hook in self._hooks:
            hook()


class Database:
    """The engine of one service's database; cheap to make, connects on first use."""

    def __init__(self, url: str, pool_size: int = 10) -> None:
        self.url = url
        self._writer = self._engine("READ COMMITTED", pool_size)
        # A pool of its own: switching a shared connection to autocommit and back costs two round
        # trips a read, and a dead connection fails in the switch, where the pool does not notice.
        self._reader = self._engine("AUTOCOMMIT", pool_size)

    def _engine(self, isolation_level: IsolationLevel, pool_size: int) -> Engine:
        return create_engine(
            self.url,
            isolation_level=isolation_level,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=10,
            pool_recycle=3600,
            pool_reset_on_return=None,  # transaction() below rolls back by itself
            skip_autocommit_rollback=True,
            connect_args={
                # PyMySQL reads the machine's certificates for each new connection otherwise; a URL
                # with `ssl_ca=…` turns encryption on.
                **({} if "ssl" in self.url else {"ssl_disabled": True}),
                "connect_timeout": 5,
                "read_timeout": 30,
                "write_timeout": 30,
                "init_command": f"SET time_zone='+00:00', innodb_lock_wait_timeout={LOCK_WAIT_S}",
            },
        )

    @contextmanager
    def transaction(self) -> Iterator[Tx]:
        """Everything inside commits together, or nothing does."""
        with self._writer.connect() as connection:
            tx = Tx(connection)
            try:
                yield tx
                connection.commit()
            except BaseException:
                connection.rollback()
                raise
        tx.committed()

    @contextmanager
    def reading(self) -> Iterator[Tx]:
        """Reads, each seeing what is committed when it runs."""
        with self._reader.connect() as connection:
            yield Tx(connection)

    def dispose(self) -> None:
        """Close the pool's connections."""
        self._writer.dispose()
        self._reader.dispose()
