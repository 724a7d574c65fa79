"""The gateway as it runs: gunicorn, a broker that is away, a polite end."""

import base64
import http.client
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.servers import Program, wait_until


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """A gateway on a port of its own, whose broker does not answer."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number = int(free.getsockname()[1])
    env = {
        "LINLI_GATEWAY_AMQP_URL": "amqp://nobody:nothing@127.0.0.1:1/linli",
        "LINLI_GATEWAY_SECRET_KEY": "s" * 32,
        "LINLI_DATA_KEYS": "k1:" + base64.b64encode(b"d" * 32).decode(),
        "LINLI_FILES_URL": f"file://{tmp_path}",
    }
    arguments = ("-k", "gthread", "--threads", "4", "--bind", f"127.0.0.1:{number}")
    log = tmp_path / "gateway.log"
    program = Program("gunicorn", *arguments, "gateway.wsgi:app", env=env, log=log)
    try:
        wait_until(lambda: ask(number, "GET", "/healthz")[0] == 200, why=log.read_text())
        yield number
    finally:
        began = time.monotonic()
        program.stop()
        assert time.monotonic() - began < 10


def ask(port: int, method: str, path: str, body: bytes | None = None) -> tuple[int, str]:
    """Status and text; 0 while nobody listens."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    except OSError:
        return 0, ""
    finally:
        connection.close()


def test_while_the_broker_is_away_it_lives_says_so_and_loses_nothing(port: int) -> None:
    status, text = ask(port, "GET", "/readyz")
    assert (status, json.loads(text)) == (503, {"missing": ["broker"]})
    began = time.monotonic()
    assert ask(port, "GET", "/api/v1/communities")[0] == 503
    assert ask(port, "POST", "/wechat?signature=x&timestamp=1&nonce=1", b"<xml/>")[0] == 503
    assert time.monotonic() - began < 5
    assert ask(port, "POST", "/pay/wechat/notify", b"{}")[0] == 401
    assert ask(port, "POST", "/wechat", b"x" * 50_000_000)[0] in {0, 413, 503}
    assert ask(port, "GET", "/console/sign-in")[0] == 200
