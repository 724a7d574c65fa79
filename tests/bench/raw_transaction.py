"""The peer of `orders`: a bare transaction that inserts one order, two lines and one outbox row."""

import threading
import time

import pymysql
from sqlalchemy.engine import make_url

from services.kernel.ids import new_id

CONNECTIONS = 8
_TABLES = (
    "CREATE TABLE bench_order (id CHAR(26) CHARACTER SET ascii PRIMARY KEY, household_id CHAR(26),"
    " store_id CHAR(26), amount_fen BIGINT, address VARCHAR(200), placed_at DATETIME(6),"
    " KEY (household_id, id), KEY (store_id, id))",
    "CREATE TABLE bench_line (order_id CHAR(26) CHARACTER SET ascii, sku_id CHAR(26),"
    " quantity INT, price_fen BIGINT, PRIMARY KEY (order_id, sku_id))",
    "CREATE TABLE bench_outbox (id CHAR(26) CHARACTER SET ascii PRIMARY KEY, body TEXT)",
)
_BODY = '{"name":"order.placed","data":"' + "x" * 400 + '"}'


def rate(admin_url: str, database: str, seconds: float) -> float:
    """Transactions a second over eight connections, on the same server in the same run."""
    at = make_url(admin_url)
    login = {
        "host": at.host,
        "port": at.port,
        "user": at.username,
        "password": at.password or "",
    }
    with pymysql.connect(**login) as admin, admin.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {database}")
        cursor.execute(f"CREATE DATABASE {database} CHARACTER SET utf8mb4")
        cursor.execute(f"USE {database}")
        for table in _TABLES:
            cursor.execute(table)
    counts = [0] * CONNECTIONS
    ends_at = time.monotonic() + seconds

    def insert(number: int) -> None:
        with pymysql.connect(database=database, **login) as connection:
            while time.monotonic() < ends_at:
                _one(connection)
                counts[number] += 1

    threads = [threading.Thread(target=insert, args=(n,)) for n in range(CONNECTIONS)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    elapsed_s = time.monotonic() - began
    with pymysql.connect(**login) as admin, admin.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {database}")
    return sum(counts) / elapsed_s


def _one(connection: pymysql.Connection) -> None:
    order_id = new_id()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO bench_order VALUES (%s, %s, %s, 1400, '3号楼2单元501', NOW(6))",
            (order_id, new_id(), new_id()),
        )
        cursor.execute(
            "INSERT INTO bench_line VALUES (%s, %s, 2, 300), (%s, %s, 4, 200)",
            (order_id, new_id(), order_id, new_id()),
        )
        cursor.execute("INSERT INTO bench_outbox VALUES (%s, %s)", (new_id(), _BODY))
    connection.commit()
