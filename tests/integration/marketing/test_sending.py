"""A notice on its way: queued once, addressed in one question, sent through outages, never lost."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from services.contracts.marketing import MarketingCountsQuery, NoticesQuery
from services.contracts.orders import OrderConfirmed, OrderPaid, OrderTrouble, Party
from services.kernel import clock
from services.kernel.actor import Actor
from services.kernel.db import Database
from services.kernel.errors import Unavailable
from services.kernel.failpoints import FailpointError, arm
from services.kernel.ids import new_id
from services.marketing.tables import NoticeJobRow, NoticeRow
from services.marketing.use_cases import notices
from services.marketing.use_cases.events import queue_notices, take_in_wechat_event
from tests.support.marketing import (
    NEVER,
    PUBLIC_URL,
    FakeServices,
    Office,
    Sandbox,
    contact,
    order_event,
    settings_with,
    wechat_event,
)
from tests.support.statements import statements_sent


def queue(office: Office, *events: object) -> None:
    for event in events:
        with office.db.transaction() as tx:
            queue_notices(tx, event, clock.now())


def shopkeeper(office: Office, sandbox: Sandbox, merchant_id: str, **fields: object) -> str:
    """The openid of somebody who is told what concerns the merchant."""
    openid = sandbox.person("陈老板")
    app_id = sandbox.account().app_id
    office.services.identity.people.append(contact(merchant_id, openid, app_id, **fields))
    return openid


def test_a_paid_order_rings_at_the_merchants_phone(office: Office, sandbox: Sandbox) -> None:
    event = order_event(OrderPaid)
    openid = shopkeeper(office, sandbox, event.merchant_id)
    queue(office, event)

    assert (office.address(), office.send()) == (1, 1)

    (card,) = sandbox.messages(openid)
    assert card["template_id"] == "template-order.paid"
    assert [field["value"] for field in card["fields"]] == [
        "#0317",
        "豆浆×2 油条×4",
        "¥36.00",
        "翠湖苑3号楼2单元501",
    ]
    assert card["url"] == f"{PUBLIC_URL}/h5/merchant/orders/{event.aggregate_id}"
    assert office.states() == ["sent"]
    assert (office.address(), office.send()) == (0, 0)


def test_the_handler_of_a_paid_order_sends_one_statement(office: Office) -> None:
    before = statements_sent()
    queue(office, order_event(OrderPaid))
    assert statements_sent() - before == 1


def test_the_same_event_again_makes_no_second_notice(office: Office, sandbox: Sandbox) -> None:
    event = order_event(OrderPaid)
    openid = shopkeeper(office, sandbox, event.merchant_id)
    queue(office, event, event)
    office.address()
    queue(office, event)
    office.address()
    office.send()
    assert len(sandbox.messages(openid)) == 1


def test_many_jobs_ask_identity_once_and_every_person_once(
    office: Office, sandbox: Sandbox
) -> None:
    merchant = new_id()
    events = [order_event(OrderPaid, merchant_id=merchant) for _ in range(3)]
    person = new_id()
    first = shopkeeper(office, sandbox, merchant, account_id=person)
    second_address = shopkeeper(office, sandbox, merchant, account_id=person)
    hand = shopkeeper(office, sandbox, merchant)
    family = order_event(OrderConfirmed)
    queue(office, *events, family)

    assert office.address() == 4
    assert office.send() == 6

    (asked,) = office.services.identity.asked
    assert (asked.merchant_ids, asked.household_ids) == ([merchant], [family.household_id])
    assert [len(sandbox.messages(openid)) for openid in (first, second_address, hand)] == [3, 0, 3]


def test_jobs_wait_while_identity_is_away(office: Office, sandbox: Sandbox) -> None:
    event = order_event(OrderPaid)
    openid = shopkeeper(office, sandbox, event.merchant_id)
    office.services.identity.fails_with = [Unavailable(), Unavailable()]
    queue(office, event)

    assert office.address() == 1
    assert office.address() == 0  # not due yet
    office.make_due()
    assert office.address() == 1
    office.make_due()
    assert (office.address(), office.send()) == (1, 1)
    assert len(sandbox.messages(openid)) == 1


def test_notices_survive_an_outage_of_wechat(office: Office, sandbox: Sandbox) -> None:
    events = [order_event(OrderPaid) for _ in range(5)]
    openids = [shopkeeper(office, sandbox, event.merchant_id) for event in events]
    queue(office, *events)
    office.address()

    sandbox.trouble(wechat_outage_s=600)
    for _ in range(3):
        office.make_due()
        assert office.send() == 5
        assert set(office.states()) == {"pending"}
        assert office.send() == 0  # each waits for its time

    sandbox.trouble(wechat_outage_s=0)
    office.make_due()
    assert office.send() == 5
    assert set(office.states()) == {"sent"}
    assert [len(sandbox.messages(openid)) for openid in openids] == [1] * 5


def test_a_dead_line_to_wechat_is_an_outage_too(
    db: Database, services: FakeServices, sandbox: Sandbox
) -> None:
    office = Office(db, services)
    office.put(sandbox.account(api_base_url=NEVER))
    event = order_event(OrderPaid)
    openid = shopkeeper(office, sandbox, event.merchant_id)
    queue(office, event)
    office.address()
    office.send()
    assert office.states() == ["pending"]

    office.put(sandbox.account())
    office.make_due()
    office.send()
    assert len(sandbox.messages(openid)) == 1


def test_a_notice_fails_after_its_last_try(
    db: Database, services: FakeServices, sandbox: Sandbox
) -> None:
    office = Office(db, services, settings_with(notice_tries_max=3))
    office.put(sandbox.account())
    event = order_event(OrderPaid)
    shopkeeper(office, sandbox, event.merchant_id)
    queue(office, event)
    office.address()
    sandbox.trouble(wechat_outage_s=600)
    for expected in ("pending", "pending", "failed"):
        office.make_due()
        office.send()
        assert office.states() == [expected]
    sandbox.trouble(wechat_outage_s=0)
    office.make_due()
    assert office.send() == 0


@pytest.mark.parametrize("why", ["unfollowed", "no template"])
def test_what_wechat_refuses_for_good_fails_at_once_and_says_why(
    office: Office, sandbox: Sandbox, why: str
) -> None:
    event = order_event(OrderPaid)
    if why == "unfollowed":
        shopkeeper(office, sandbox, event.merchant_id)
        sandbox.trouble(refuse_template=43004)
    else:
        shopkeeper(office, sandbox, event.merchant_id)
        office.put(sandbox.account(template_ids={}))
    queue(office, event)
    office.address()
    office.send()
    assert office.states() == ["failed"]
    with office.db.reading() as tx:
        error = tx.scalar(select(NoticeRow.error))
    assert ("43004" if why == "unfollowed" else "no template for order.paid") in error


def test_two_copies_send_each_notice_once(
    db: Database,
    services: FakeServices,
    sandbox: Sandbox,
    migrated: Callable[[str], str],
) -> None:
    copies = [Office(db, services), Office(Database(migrated("marketing")), services)]
    copies[0].put(sandbox.account())
    events = [order_event(OrderPaid) for _ in range(30)]
    openids = [shopkeeper(copies[0], sandbox, event.merchant_id) for event in events]
    queue(copies[0], *events)
    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(Office.address, copies)) == 30
        assert sum(pool.map(Office.send, copies)) == 30
    assert [len(sandbox.messages(openid)) for openid in openids] == [1] * 30
    copies[1].db.dispose()


def test_a_copy_that_dies_after_sending_repeats_under_the_same_message_id(
    office: Office, sandbox: Sandbox
) -> None:
    event = order_event(OrderPaid)
    openid = shopkeeper(office, sandbox, event.merchant_id)
    queue(office, event)
    office.address()
    arm("marketing.notices.after_send=error@1")
    try:
        with pytest.raises(FailpointError):
            office.send()
    finally:
        arm("")
    assert office.send() == 0  # whoever took it may still be at it
    office.make_due()
    office.send()

    assert office.states() == ["sent"]
    ids = {json.loads(card["raw"])["client_msg_id"] for card in sandbox.messages(openid)}
    assert len(ids) == 1


def test_a_new_follower_is_greeted_with_a_customer_service_message(
    office: Office, sandbox: Sandbox
) -> None:
    openid = sandbox.person()
    event = wechat_event(openid, app_id=sandbox.account().app_id)
    with office.db.transaction() as tx:
        take_in_wechat_event(tx, event, clock.now())
    office.address()
    office.send()
    (message,) = sandbox.messages(openid)
    assert message["kind"] == "text"
    assert f"{PUBLIC_URL}/h5/" in message["text"]
    assert office.services.identity.asked == []


def test_people_see_their_own_notices_newest_first(office: Office, sandbox: Sandbox) -> None:
    merchant, keeper, other = new_id(), new_id(), new_id()
    shopkeeper(office, sandbox, merchant, account_id=keeper)
    shopkeeper(office, sandbox, merchant, account_id=other)
    for number in ("#0001", "#0002", "#0003"):
        queue(office, order_event(OrderPaid, merchant_id=merchant, number=number))
        office.address()
    office.send()

    def page(after: str | None) -> tuple[list[str], str | None]:
        query = NoticesQuery(limit=2, after=after)
        found = notices.notices(office.db, query, Actor(account_id=keeper), PUBLIC_URL)
        return [notice.lines["订单号"] for notice in found.items], found.next_after

    first, after = page(None)
    assert first == ["#0003", "#0002"]
    assert page(after) == (["#0001"], None)
    stranger = notices.notices(office.db, NoticesQuery(), Actor(account_id=new_id()), PUBLIC_URL)
    assert stranger.items == []


def test_counts_say_what_waits_has_failed_and_was_sent(office: Office, sandbox: Sandbox) -> None:
    sent, refused = order_event(OrderPaid), order_event(OrderPaid)
    shopkeeper(office, sandbox, sent.merchant_id)
    queue(office, sent)
    office.address()
    office.send()
    shopkeeper(office, sandbox, refused.merchant_id)
    queue(office, refused)
    office.address()
    sandbox.trouble(refuse_template=43004)
    office.send()
    queue(office, order_event(OrderPaid))
    with office.db.transaction() as tx:
        take_in_wechat_event(tx, wechat_event("o1", "view"), clock.now())

    seen = notices.counts(office.db, MarketingCountsQuery(), clock.now())

    assert seen.model_dump() == {
        "pending": 1,
        "failed": 1,
        "sent_today": 1,
        "wechat_events_today": 1,
    }


def test_old_notices_are_forgotten_and_pending_ones_kept(office: Office, sandbox: Sandbox) -> None:
    event = order_event(OrderPaid)
    shopkeeper(office, sandbox, event.merchant_id)
    queue(office, event)
    office.address()
    office.send()
    queue(office, order_event(OrderPaid))

    much_later = clock.now() + timedelta(days=91)
    assert notices.forget_old(office.db, clock.now(), office.settings) == 0
    assert notices.forget_old(office.db, much_later, office.settings) == 2
    with office.db.reading() as tx:
        assert len(tx.all(select(NoticeJobRow.job_id))) == 1
        assert tx.all(select(NoticeRow.notice_id)) == []


def test_each_word_about_an_order_is_told_once_and_the_next_one_too(office: Office) -> None:
    order_id = new_id()
    first, second = (
        order_event(
            OrderTrouble,
            aggregate_id=order_id,
            version=version,
            to=[Party.RESIDENT],
            what="case_answered",
            words="同意退款",
        )
        for version in (4, 6)
    )
    queue(office, first, first, second)
    with office.db.reading() as tx:
        assert len(tx.all(select(NoticeJobRow.job_id))) == 2
