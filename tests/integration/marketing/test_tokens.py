"""One access token for all copies."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from services.kernel import clock
from services.kernel.db import Database
from services.marketing.tables import AccessTokenRow
from services.marketing.wechat.errors import WechatAway
from services.marketing.wechat.tokens import SharedToken
from tests.support.marketing import NEVER, Office, Sandbox


def refreshed(db: Database) -> int:
    with db.reading() as tx:
        return int(tx.scalar(select(AccessTokenRow.refreshed)))


def change(db: Database, **values: object) -> None:
    with db.transaction() as tx:
        tx.execute(update(AccessTokenRow).values(**values))


@pytest.fixture
def copies(
    office: Office, migrated: Callable[[str], str]
) -> Iterator[tuple[SharedToken, SharedToken]]:
    """The same token in two copies of marketing, each with connections of its own."""
    other = Database(migrated("marketing"))
    yield office.token(), Office(other, office.services).token()
    other.dispose()


def test_two_copies_at_the_same_moment_fetch_one_token(
    office: Office, sandbox: Sandbox, copies: tuple[SharedToken, SharedToken]
) -> None:
    sandbox.trouble(wechat_delay_s=0.3)
    with ThreadPoolExecutor(8) as pool:
        tokens = set(pool.map(lambda number: copies[number % 2].current(), range(8)))
    assert len(tokens) == 1
    assert refreshed(office.db) == 1


def test_a_token_that_was_fetched_serves_on(
    office: Office, copies: tuple[SharedToken, SharedToken]
) -> None:
    assert copies[0].current() == copies[1].current() == copies[0].current()
    assert refreshed(office.db) == 1


def test_a_stale_token_is_replaced_once_for_both_copies(
    office: Office, sandbox: Sandbox, copies: tuple[SharedToken, SharedToken]
) -> None:
    stale = copies[0].current()
    sandbox.ask("POST", "tokens/expire")
    with ThreadPoolExecutor(8) as pool:
        tokens = set(pool.map(lambda number: copies[number % 2].replace(stale), range(8)))
    assert len(tokens) == 1
    assert stale not in tokens
    assert refreshed(office.db) == 2


def test_a_refused_token_that_wechat_gives_out_again_is_replaced_by_force(
    office: Office, copies: tuple[SharedToken, SharedToken]
) -> None:
    refused = copies[0].current()  # the sandbox still holds it for good, and would give it again
    assert copies[0].replace(refused) == copies[1].current() != refused


def test_sending_with_a_stale_token_replaces_it_and_succeeds(
    office: Office, sandbox: Sandbox
) -> None:
    client = office.client()
    openid = sandbox.person()
    client.send_text(openid, "一")
    sandbox.ask("POST", "tokens/expire")
    client.send_text(openid, "二")
    assert [message["text"] for message in sandbox.messages(openid)] == ["一", "二"]
    assert refreshed(office.db) == 2


def test_wechatpys_own_calls_use_the_shared_token_and_the_accounts_address(
    office: Office, sandbox: Sandbox
) -> None:
    client = office.client()
    openid = sandbox.person()
    assert client.user.get(openid)["openid"] == openid
    client.fetch_access_token()
    assert refreshed(office.db) == 1


def test_a_token_about_to_end_is_renewed_and_serves_while_another_copy_renews_it(
    office: Office, copies: tuple[SharedToken, SharedToken]
) -> None:
    present = copies[0].current()
    soon = clock.now() + timedelta(seconds=60)
    change(office.db, expires_at=soon, refreshing_until=soon)
    assert copies[1].current() == present
    assert refreshed(office.db) == 1

    change(office.db, refreshing_until=None)
    copies[1].current()
    assert refreshed(office.db) == 2


def test_a_copy_that_died_while_fetching_holds_nobody_up_for_long(
    office: Office, copies: tuple[SharedToken, SharedToken]
) -> None:
    copies[0].current()
    past, soon = clock.now() - timedelta(hours=1), clock.now() + timedelta(seconds=0.5)
    change(office.db, expires_at=past, refreshing_until=soon)
    started = time.monotonic()
    copies[1].current()
    assert time.monotonic() - started < 3
    assert refreshed(office.db) == 2


def test_without_wechat_there_is_no_token_and_the_lease_is_given_back(
    office: Office, sandbox: Sandbox
) -> None:
    office.put(sandbox.account(api_base_url=NEVER))
    with pytest.raises(WechatAway):
        office.token().current()
    office.put(sandbox.account())
    assert office.token().current()


def test_a_wrong_secret_is_an_outage_until_a_person_mends_it(
    office: Office, sandbox: Sandbox
) -> None:
    office.put(sandbox.account(app_secret="wrong-secret-0000"))
    with pytest.raises(WechatAway):
        office.token().current()
