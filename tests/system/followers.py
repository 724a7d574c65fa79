"""People who begin to follow the service account, and what it says to them."""

import time
from typing import Any

from services.kernel.ids import new_id
from tests.support.servers import wait_until
from tests.system.life import Life


def newcomer(life: Life) -> str:
    """Somebody whom nobody knows yet; their openid."""
    openid = f"o{new_id()}"
    life.phone.send("POST", "people", {"openid": openid, "name": "新邻居"})
    return openid


def greetings(life: Life, openid: str) -> list[Any]:
    """What the account has said to them by itself."""
    return [one for one in life.phone.messages(openid) if one["direction"] == "out"]


def follows(life: Life, openid: str) -> Any:
    """They follow the account: how the push ended."""
    return life.phone.send("POST", f"people/{openid}/event", {"event": "subscribe"})


def greeted_once(life: Life, openid: str) -> None:
    """One greeting on the phone, one event on record, one follower."""
    wait_until(lambda: greetings(life, openid), 60, "a greeting is on the phone")
    time.sleep(2)
    assert len(greetings(life, openid)) == 1
    for table in ("wechat_event", "follower"):
        count = f"SELECT COUNT(*) FROM {table} WHERE openid = '{openid}'"
        assert life.scalar("marketing", count) == 1, table
