"""Accounts in a database: SQLite to begin with, PostgreSQL behind a pool of connections.

A look-up waits 2 s at most, for a connection and again for the answer: a caller waits with it. What
goes wrong is a `LookupFailed`, whichever database it is.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Protocol

#: Seconds for a connection, and for an answer.
PATIENCE = 2.0

TABLE = """
CREATE TABLE IF NOT EXISTS accounts (
    number TEXT PRIMARY KEY, salt TEXT NOT NULL, pin TEXT NOT NULL, cents BIGINT NOT NULL
)
"""
BALANCE = "SELECT salt, pin, cents FROM accounts WHERE number = {0}"
NEW = "INSERT INTO accounts (number, salt, pin, cents) VALUES ({0}, {0}, {0}, {0})"


class LookupFailed(Exception):
    """The database did not answer."""


class Database(Protocol):
    """One of the two databases."""

    mark: str  #: that stands for a value in a statement

    def open(self) -> None: ...

    def close(self) -> None: ...

    def connection(self) -> Any: ...


class SQLite:
    """A file. Opening it takes microseconds, so each look-up does."""

    mark = "?"

    def __init__(self, path: str) -> None:
        self._path = path

    def open(self) -> None:
        sqlite3.connect(self._path).close()  # makes the file; no look-up does

    def close(self) -> None:
        pass

    @contextmanager
    def connection(self) -> Iterator[sqlite3.Connection]:
        file = f"{Path(self._path).absolute().as_uri()}?mode=rw"
        with closing(sqlite3.connect(file, uri=True, timeout=PATIENCE)) as connection, connection:
            yield connection


class Postgres:
    """A server, with a pool of connections that the calls of this process share."""

    mark = "%s"

    def __init__(self, url: str) -> None:
        from psycopg_pool import ConnectionPool

        options = {"options": f"-c statement_timeout={PATIENCE * 1000:.0f}"}
        self._pool = ConnectionPool(
            url, kwargs=options, min_size=1, max_size=10, timeout=PATIENCE, open=False
        )

    def open(self) -> None:
        self._pool.open(wait=True, timeout=PATIENCE)

    def close(self) -> None:
        self._pool.close()

    def connection(self) -> Any:
        return self._pool.connection()


class Accounts:
    """What callers may ask for."""

    def __init__(self, url: str) -> None:
        self._database: Database
        scheme, _, path = url.partition("://")
        if scheme == "sqlite":
            self._database = SQLite(path)
        elif scheme == "postgresql":
            self._database = Postgres(url)
        else:
            raise ValueError(f"DATABASE_URL must be sqlite:// or postgresql://, not {url!r}")

    def open(self) -> None:
        """Connect, and make the table if it is not there. Raises LookupFailed."""
        with self._told():
            self._database.open()
            with self._database.connection() as connection:
                connection.execute(TABLE)

    def close(self) -> None:
        self._database.close()

    def add(self, number: str, pin: str, cents: int) -> None:
        """Add an account."""
        salt = os.urandom(16).hex()
        row = (number, salt, hashed(pin, salt), cents)
        with self._told(), self._database.connection() as connection:
            connection.execute(NEW.format(self._database.mark), row)

    def balance(self, number: str, pin: str) -> int | None:
        """Return the balance in cents; None for a wrong number or PIN. Raises LookupFailed."""
        with self._told(), self._database.connection() as connection:
            row = connection.execute(BALANCE.format(self._database.mark), (number,)).fetchone()
        if row is None:
            return None
        salt, kept, cents = row
        return int(cents) if hmac.compare_digest(hashed(pin, salt), kept) else None

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Raise LookupFailed for what a database raises."""
        try:
            yield
        except Exception as error:  # psycopg is there only if it is used
            raise LookupFailed(f"{type(error).__name__}: {error}") from error


def hashed(pin: str, salt: str) -> str:
    """A PIN as it is kept."""
    return hashlib.scrypt(pin.encode(), salt=bytes.fromhex(salt), n=2**12, r=8, p=1).hex()
