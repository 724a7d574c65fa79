"""The rules that people make: commission, in whose hands the money is, the shops' own numbers.

Rules are only ever added: of two that overlap the newer one wins; the older one stays on record.
"""

from datetime import datetime

from sqlalchemy import bindparam, insert, text

from services.contracts.settlement import (
    CommissionRules,
    CommissionRulesQuery,
    CustodyQuery,
    CustodyView,
    PutCommissionRule,
    PutCustody,
    PutSubMerchant,
)
from services.kernel import requests
from services.kernel.actor import Actor
from services.kernel.columns import UtcDateTime
from services.kernel.db import Database
from services.kernel.errors import Forbidden, Malformed
from services.kernel.ids import new_id
from services.kernel.wire import Done
from services.settlement import rules_queries
from services.settlement.domain.days import day_of
from services.settlement.domain.sharing import SharingChannel
from services.settlement.tables_desk import CommissionRuleRow

_INSERT_RULE = insert(CommissionRuleRow)
# Text, because SQLAlchemy compiles its own ON DUPLICATE KEY UPDATE anew each time it runs.
_PUT_CUSTODY = text(
    "INSERT INTO custody (community_id, custody, chosen_by, chosen_at)"
    " VALUES (:community_id, :custody, :chosen_by, :chosen_at)"
    " ON DUPLICATE KEY UPDATE custody = VALUES(custody), chosen_by = VALUES(chosen_by),"
    " chosen_at = VALUES(chosen_at)"
).bindparams(bindparam("chosen_at", type_=UtcDateTime))
_PUT_SUB_MERCHANT = text(
    "INSERT INTO sub_merchant (merchant_id, sub_mchid, put_by, put_at)"
    " VALUES (:merchant_id, :sub_mchid, :put_by, :put_at)"
    " ON DUPLICATE KEY UPDATE sub_mchid = VALUES(sub_mchid), put_by = VALUES(put_by),"
    " put_at = VALUES(put_at)"
).bindparams(bindparam("put_at", type_=UtcDateTime))


def see_commission_rules(
    db: Database, query: CommissionRulesQuery, now: datetime
) -> CommissionRules:
    """The rules in force and to come, the strongest first."""
    with db.reading() as tx:
        return rules_queries.commission_rules(tx, day_of(now))


def put_commission_rule(
    db: Database, command: PutCommissionRule, actor: Actor, now: datetime
) -> CommissionRules:
    """One rule more, from today at the soonest: what was paid before was promised otherwise."""
    today = day_of(now)
    if command.from_day < today:
        raise Malformed(fields={"from_day": "不能早于今天"})
    if command.until_day is not None and command.until_day < command.from_day:
        raise Malformed(fields={"until_day": "不能早于开始的那一天"})
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, CommissionRules, by=actor.account_id) as claim,
    ):
        if claim.answer is None:
            tx.execute(
                _INSERT_RULE,
                {
                    "rule_id": new_id(),
                    "merchant_id": command.merchant_id or "",
                    "category": command.category,
                    "rate_bp": command.rate_bp,
                    "from_day": command.from_day,
                    "until_day": command.until_day,
                    "made_by_account_id": actor.account_id,
                    "made_by": actor.name[:200],
                    "made_at": now,
                },
            )
            claim.answer = rules_queries.commission_rules(tx, today)
        return claim.answer


def see_custody(db: Database, query: CustodyQuery) -> CustodyView:
    """How a community's money is kept, and the shops' own merchant numbers."""
    with db.reading() as tx:
        return rules_queries.custody(tx, query.community_id)


def put_custody(db: Database, command: PutCustody, actor: Actor, now: datetime) -> CustodyView:
    """Choose it for a community that one looks after; what is opened from now on follows it."""
    if command.community_id not in actor.communities:
        raise Forbidden("looks after other communities")
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, CustodyView, by=actor.account_id) as claim,
    ):
        if claim.answer is None:
            tx.execute(
                _PUT_CUSTODY,
                {
                    "community_id": command.community_id,
                    "custody": command.custody,
                    "chosen_by": actor.name[:200],
                    "chosen_at": now,
                },
            )
            claim.answer = rules_queries.custody(tx, command.community_id)
        return claim.answer


def put_sub_merchant(
    db: Database,
    sharing: SharingChannel | None,
    command: PutSubMerchant,
    actor: Actor,
    now: datetime,
) -> Done:
    """Keep a shop's number, once the channel knows that the property shares in what comes there.

    ChannelRefused when the channel does not know the number.
    """
    if sharing is not None:
        sharing.add_receiver(command.sub_mchid)
    row = {
        "merchant_id": command.merchant_id,
        "sub_mchid": command.sub_mchid,
        "put_by": actor.name[:200],
        "put_at": now,
    }
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, Done, by=actor.account_id) as claim,
    ):
        if claim.answer is None:
            tx.execute(_PUT_SUB_MERCHANT, row)
            claim.answer = Done()
        return claim.answer
