"""WeChat accounts: secrets sealed, codes exchanged, quotes asked, webhook events taken in once."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from services.contracts.marketing import (
    ExchangeCode,
    NoSuchWechatAccount,
    OAuthCodeRefused,
    QuoteLine,
    QuoteQuery,
    WechatAccountQuery,
)
from services.kernel import clock
from services.kernel.actor import Actor
from services.kernel.crypto import SealBroken
from services.kernel.db import Database
from services.kernel.errors import InvariantBroken, Unavailable
from services.kernel.ids import new_id
from services.kernel.requests import RequestConflict
from services.marketing import accounts as account_rows
from services.marketing.bootstrap import put_account
from services.marketing.tables import (
    FollowerRow,
    NoticeJobRow,
    PromotionRow,
    WechatAccountRow,
    WechatEventRow,
)
from services.marketing.use_cases import accounts
from services.marketing.use_cases.events import take_in_wechat_event
from services.marketing.use_cases.quote import quote
from tests.support.marketing import (
    NEVER,
    SEALER,
    Office,
    Sandbox,
    everything_in,
    settings_with,
    wechat_event,
)
from tests.support.statements import statements_sent

STAFF = Actor(account_id=new_id())


def test_no_secret_stands_in_the_database_in_clear(office: Office, sandbox: Sandbox) -> None:
    command = sandbox.account()
    accounts.put_wechat_account(office.db, SEALER, command, STAFF, clock.now())
    openid = sandbox.person()
    client = office.client()
    client.send_text(openid, "您好")
    token = client.access_token

    stored = everything_in(office.db)

    assert command.app_id.encode() in stored
    for secret in (command.app_secret, command.token, command.aes_key, token):
        assert secret.encode() not in stored
    assert command.app_secret not in repr(office.account())


def test_a_secret_moved_to_another_account_does_not_open(office: Office, sandbox: Sandbox) -> None:
    office.put(sandbox.account(app_id="wx_other"))
    with office.db.transaction() as tx:
        taken = tx.scalar(
            select(WechatAccountRow.app_secret_sealed).where(
                WechatAccountRow.app_id == sandbox.account().app_id
            )
        )
        other = WechatAccountRow.app_id == "wx_other"
        tx.execute(WechatAccountRow.__table__.update().where(other).values(app_secret_sealed=taken))
    with office.db.reading() as tx, pytest.raises(SealBroken):
        account_rows.find(tx, SEALER, "wx_other")


def test_the_gateway_gets_what_it_needs_of_an_account(office: Office, sandbox: Sandbox) -> None:
    command = sandbox.account()
    view = accounts.wechat_account(office.db, SEALER, WechatAccountQuery())
    assert (view.app_id, view.token, view.aes_key) == (
        command.app_id,
        command.token,
        command.aes_key,
    )
    assert "app_secret" not in view.model_dump()
    with pytest.raises(NoSuchWechatAccount):
        accounts.wechat_account(office.db, SEALER, WechatAccountQuery(app_id="wx_none"))


def test_an_account_is_changed_by_a_second_command_and_a_repeat_changes_nothing(
    db: Database, sandbox: Sandbox
) -> None:
    first, second = sandbox.account(), sandbox.account(name="翠湖苑")
    for command in (first, second, first):
        accounts.put_wechat_account(db, SEALER, command, STAFF, clock.now())
    assert accounts.wechat_account(db, SEALER, WechatAccountQuery()).name == "翠湖苑"
    with pytest.raises(RequestConflict):
        accounts.put_wechat_account(
            db, SEALER, first.model_copy(update={"name": "别的"}), STAFF, clock.now()
        )


def test_the_bootstrap_puts_the_account_of_the_settings_however_often_it_runs(
    db: Database, sandbox: Sandbox
) -> None:
    prefix = "LINLI_MARKETING_WECHAT_"
    fields = {
        f"wechat_{name.removeprefix(prefix).lower()}": value
        for name, value in sandbox.env.items()
        if name.startswith(prefix)
    }
    assert put_account(db, settings_with(**fields))
    assert put_account(db, settings_with(**fields))
    assert not put_account(db, settings_with())
    view = accounts.wechat_account(db, SEALER, WechatAccountQuery())
    assert view.oauth_base_url == sandbox.env[f"{prefix}OAUTH_BASE_URL"]


def exchange(office: Office, sandbox: Sandbox, code: str) -> str:
    command = ExchangeCode(request_id=new_id(), app_id=sandbox.account().app_id, code=code)
    return accounts.exchange_code(office.db, SEALER, command, 2).openid


def test_a_code_gives_the_openid_once(office: Office, sandbox: Sandbox) -> None:
    openid = sandbox.person()
    code = sandbox.code_of(openid)
    assert exchange(office, sandbox, code) == openid
    with pytest.raises(OAuthCodeRefused):  # 40163
        exchange(office, sandbox, code)


def test_a_made_up_code_is_refused(office: Office, sandbox: Sandbox) -> None:
    with pytest.raises(OAuthCodeRefused):  # 40029
        exchange(office, sandbox, "made-up")


def test_an_outage_of_wechat_is_no_refusal_of_the_code(office: Office, sandbox: Sandbox) -> None:
    openid = sandbox.person()
    code = sandbox.code_of(openid)
    sandbox.trouble(wechat_outage_s=60)
    with pytest.raises(Unavailable):
        exchange(office, sandbox, code)
    sandbox.trouble(wechat_outage_s=0)
    office.put(sandbox.account(api_base_url=NEVER))
    with pytest.raises(Unavailable) as away:
        exchange(office, sandbox, code)
    assert sandbox.account().app_secret not in str(away.value)
    assert away.value.__cause__ is None
    office.put(sandbox.account())
    assert exchange(office, sandbox, code) == openid


def test_a_wrong_secret_of_ours_calls_a_person(office: Office, sandbox: Sandbox) -> None:
    code = sandbox.code_of(sandbox.person())
    office.put(sandbox.account(app_secret="wrong-secret-0000"))
    with pytest.raises(InvariantBroken):
        exchange(office, sandbox, code)


def quote_of(sku_id: str) -> QuoteQuery:
    line = QuoteLine(sku_id=sku_id, item_id=new_id(), store_id=new_id(), quantity=2, price_fen=300)
    return QuoteQuery(household_id=new_id(), community_id=new_id(), lines=[line])


def test_without_promotions_a_quote_is_empty_and_costs_one_statement(db: Database) -> None:
    before = statements_sent()
    assert quote(db, quote_of(new_id()), clock.now()).adjustments == []
    assert statements_sent() - before == 1


def test_a_promotion_counts_between_its_times(db: Database) -> None:
    sku_id, now = new_id(), clock.now()
    with db.transaction() as tx:
        row = {
            "promotion_id": new_id(),
            "sku_id": sku_id,
            "label": "早市立减",
            "off_fen": 50,
            "funded_by": "company",
            "starts_at": now,
            "ends_at": now + timedelta(hours=1),
        }
        tx.execute(PromotionRow.__table__.insert(), row)

    def off(at: timedelta) -> list[int]:
        return [a.amount_fen for a in quote(db, quote_of(sku_id), now + at).adjustments]

    assert off(timedelta()) == [-100]
    assert off(timedelta(hours=1)) == []
    assert off(-timedelta(seconds=1)) == []
    assert quote(db, quote_of(new_id()), now).adjustments == []


def take_in(db: Database, event: object) -> None:
    with db.transaction() as tx:
        take_in_wechat_event(tx, event, clock.now())


def count(db: Database, row: type) -> int:
    with db.reading() as tx:
        return int(tx.scalar(select(func.count()).select_from(row)))


def follows(db: Database, openid: str) -> bool:
    with db.reading() as tx:
        return bool(tx.scalar(select(FollowerRow.following).where(FollowerRow.openid == openid)))


def test_a_webhook_event_that_wechat_repeats_is_taken_in_once(db: Database) -> None:
    event = wechat_event("o1")
    take_in(db, event)
    take_in(db, event)
    assert count(db, WechatEventRow) == 1
    assert count(db, NoticeJobRow) == 1


def test_following_and_leaving_stand_in_wechats_order_however_they_come(db: Database) -> None:
    now = clock.now()
    came = wechat_event("o1", created_at=now)
    left = wechat_event("o1", "unsubscribe", created_at=now + timedelta(seconds=5))
    back = wechat_event("o1", created_at=now + timedelta(seconds=9))

    take_in(db, left)
    take_in(db, came)  # older, and late
    assert not follows(db, "o1")
    take_in(db, back)
    assert follows(db, "o1")
    take_in(db, wechat_event("o2", "click", key="MENU"))
    assert count(db, FollowerRow) == 1
    assert count(db, WechatEventRow) == 4
