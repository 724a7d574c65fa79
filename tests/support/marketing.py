"""WeChat as the sandbox speaks it, an identity that knows people, and events to tell of."""

import base64
import json
import socket
from pathlib import Path
from typing import Any

import requests
from sqlalchemy import select, text

from services.contracts.identity import Contact, ContactsQuery, ContactsView
from services.contracts.marketing import PutWechatAccount, WechatEventReceived
from services.contracts.orders import OrderEvent, OrderPaid
from services.kernel import clock
from services.kernel.crypto import Sealer
from services.kernel.db import Database
from services.kernel.errors import LinliError
from services.kernel.ids import new_id
from services.marketing import accounts
from services.marketing.desk import SendingDesk
from services.marketing.domain.notices import WORDINGS
from services.marketing.settings import Settings
from services.marketing.tables import NoticeJobRow, NoticeRow
from services.marketing.use_cases import notices
from services.marketing.wechat.client import AccountClient
from services.marketing.wechat.tokens import SharedToken
from tests.support.servers import Program, wait_until

DATA_KEYS = "k1:" + base64.b64encode(b"d" * 32).decode()
SEALER = Sealer(DATA_KEYS)
PUBLIC_URL = "http://linli.example"
NEVER = "http://127.0.0.1:9"


def settings_with(**fields: Any) -> Settings:
    """marketing's settings for a test."""
    required = dict.fromkeys(("database_url", "amqp_url", "actor_public_key"), "unused")
    return Settings(**required, data_keys=DATA_KEYS, public_url=PUBLIC_URL, **fields)


SETTINGS = settings_with(wechat_timeout_s=2)


class Sandbox:
    """A running sandbox and its admin API."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = str(probe.getsockname()[1])
        arguments = ("--dir", str(folder), "--port", port)
        self.url = f"http://127.0.0.1:{port}"
        self.program = Program("deploy.sandbox", *arguments, env={}, log=folder / "log")
        wait_until(self._is_up, 30, "the sandbox serves")
        self.env: dict[str, str] = json.loads((folder / "env.json").read_text())

    def _is_up(self) -> bool:
        try:
            return requests.get(f"{self.url}/healthz", timeout=1).ok
        except requests.ConnectionError:
            return False

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Call the admin API."""
        url = f"{self.url}/sandbox/api/{path}"
        response = requests.request(method, url, json=body, timeout=5)
        response.raise_for_status()
        return response.json()

    def person(self, name: str = "张三", *, subscribed: bool = True) -> str:
        """The openid of somebody new."""
        return str(self.ask("POST", "people", {"name": name, "subscribed": subscribed})["openid"])

    def messages(self, openid: str) -> list[dict[str, Any]]:
        """What the account has said to somebody."""
        found: list[dict[str, Any]] = self.ask("GET", f"messages?openid={openid}")["messages"]
        return [message for message in found if message["direction"] == "out"]

    def trouble(self, **knobs: Any) -> None:
        """Make trouble."""
        self.ask("PUT", "trouble", knobs)

    def code_of(self, openid: str) -> str:
        """An OAuth code for this person, as the browser would bring it back."""
        query = {
            "appid": self.env["LINLI_MARKETING_WECHAT_APP_ID"],
            "redirect_uri": "http://linli.example/back",
            "response_type": "code",
            "scope": "snsapi_base",
            "openid": openid,
        }
        url = f"{self.env['LINLI_MARKETING_WECHAT_OAUTH_BASE_URL']}/connect/oauth2/authorize"
        answer = requests.get(url, params=query, allow_redirects=False, timeout=5)
        return answer.headers["Location"].split("code=")[1].split("&")[0]

    def account(self, **fields: Any) -> PutWechatAccount:
        """The command that sets the sandbox's account up."""
        named = {
            name: self.env[f"LINLI_MARKETING_WECHAT_{name.upper()}"]
            for name in (
                "app_id",
                "app_secret",
                "token",
                "aes_key",
                "api_base_url",
                "oauth_base_url",
            )
        }
        templates = {kind: f"template-{kind}" for kind in WORDINGS}
        values = {"request_id": new_id(), "name": "邻里", "template_ids": templates} | named
        return PutWechatAccount(**(values | fields))


class FakeIdentity:
    """identity as marketing calls it: `people` are its contacts, `fails_with` its next errors."""

    def __init__(self) -> None:
        self.people: list[Contact] = []
        self.asked: list[ContactsQuery] = []
        self.fails_with: list[LinliError] = []

    def contacts(self, query: ContactsQuery, **_: Any) -> ContactsView:
        self.asked.append(query)
        if self.fails_with:
            raise self.fails_with.pop(0)
        groups = {*query.household_ids, *query.merchant_ids, *query.account_ids}
        return ContactsView(contacts=[one for one in self.people if one.group_id in groups])


class FakeServices:
    """The services that marketing may call."""

    def __init__(self) -> None:
        self.identity = FakeIdentity()


class Office:
    """One copy of marketing: its own connections, its own desk."""

    def __init__(self, db: Database, services: Any, settings: Settings = SETTINGS) -> None:
        self.db, self.services, self.settings = db, services, settings
        self.desk = SendingDesk(db, SEALER, settings, clock.now)

    def put(self, account: PutWechatAccount) -> None:
        """Set an account up; the desk forgets how it was, as it does after a few seconds."""
        with self.db.transaction() as tx:
            accounts.put(tx, SEALER, account, clock.now())
        self.desk = SendingDesk(self.db, SEALER, self.settings, clock.now)

    def token(self) -> SharedToken:
        """The account's access token as this copy has it."""
        return SharedToken(
            self.db, SEALER, self.account(), margin_s=300, timeout_s=2, clock=clock.now
        )

    def client(self) -> AccountClient:
        """A client for the account."""
        return AccountClient(self.account(), self.token(), 2)

    def account(self) -> accounts.Account:
        """The account that is set up, opened."""
        with self.db.reading() as tx:
            return accounts.find(tx, SEALER, "")

    def address(self) -> int:
        """One round of finding people."""
        return notices.address_notices(self.db, self.services, clock.now(), self.settings)

    def send(self) -> int:
        """One round of sending."""
        return notices.send_notices(self.db, self.desk.send, clock.now(), self.settings)

    def make_due(self) -> None:
        """As if the time of every pending job and notice had come."""
        with self.db.transaction() as tx:
            for table in (NoticeJobRow.__table__, NoticeRow.__table__):
                tx.execute(table.update().values(due_at=clock.now()))

    def states(self) -> list[str]:
        """The notices' states, oldest first."""
        with self.db.reading() as tx:
            rows = tx.all(select(NoticeRow.state).order_by(NoticeRow.notice_id))
        return [row.state for row in rows]


def order_event(kind: type[OrderEvent] = OrderPaid, **fields: Any) -> Any:
    """The tidings of an order of soy milk."""
    ids = (
        "aggregate_id",
        "payment_id",
        "household_id",
        "merchant_id",
        "store_id",
        "community_id",
        "placed_by",
        "reservation_id",
    )
    values = {name: new_id() for name in ids} | {
        "number": "#0317",
        "store_name": "老陈早餐",
        "amount_fen": 3600,
        "summary": "豆浆×2 油条×4",
        "address": "翠湖苑3号楼2单元501",
    }
    return kind(**(values | fields))


def wechat_event(openid: str, kind: str = "subscribe", **fields: Any) -> WechatEventReceived:
    """A webhook event as the gateway tells it."""
    values = {
        "aggregate_id": new_id(),
        "app_id": "wx_test",
        "openid": openid,
        "kind": kind,
        "created_at": clock.now(),
        "data": {"FromUserName": openid, "Event": kind},
    }
    return WechatEventReceived(**(values | fields))


def contact(group_id: str, openid: str, app_id: str, **fields: Any) -> Contact:
    """Somebody of a group."""
    values = {"group_id": group_id, "account_id": new_id(), "app_id": app_id, "openid": openid}
    return Contact(**(values | fields))


def everything_in(db: Database) -> bytes:
    """Each value of each row of each table, one after the other."""
    found = []
    with db.reading() as tx:
        for (table,) in tx.all(text("SHOW TABLES")):
            for row in tx.all(text(f"SELECT * FROM `{table}`")):
                found += [v if isinstance(v, bytes) else str(v).encode() for v in row]
    return b"\n".join(found)
