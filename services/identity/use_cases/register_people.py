"""People without a household: couriers, shop hands, the property's staff."""

from datetime import datetime

from sqlalchemy import insert, update

from services.contracts.identity import (
    MarkCourier,
    NoSuchAccount,
    RegisterAccount,
    Registered,
    RegisterStaff,
)
from services.identity.domain.people import check_staff_roles
from services.identity.once import insert_once
from services.identity.passwords import Passwords
from services.identity.people import Person, put_person
from services.identity.reach import need_all_communities, need_communities
from services.identity.tables import AccountRow, StaffCommunityRow, StaffRoleRow, StaffRow
from services.kernel import requests
from services.kernel.actor import Actor
from services.kernel.db import Database, Tx
from services.kernel.wire import Done


def register_account(
    db: Database, command: RegisterAccount, actor: Actor, now: datetime
) -> Registered:
    """A person without a household; a repeat meets the first."""
    answer = Registered(id=command.account_id)
    with db.transaction() as tx:
        if requests.claim_answered(tx, command, answer, by=actor.account_id) is None:
            put_person(tx, Person.of(command), now)
        return answer


def register_staff(
    db: Database, passwords: Passwords, command: RegisterStaff, actor: Actor, now: datetime
) -> Registered:
    """A member of staff; a repeat meets the first, whose password stays.

    Whoever looks after some communities only can give nobody more than those.
    """
    check_staff_roles(command.roles)
    password_hash = passwords.hash(command.password)
    # The claim keeps a plain SHA-256 of the command: the password must not be in it.
    claimed = command.model_copy(update={"password": ""})
    answer = Registered(id=command.account_id)
    with db.transaction() as tx:
        if requests.claim_answered(tx, claimed, answer, by=actor.account_id) is None:
            if command.community_ids:
                need_communities(tx, actor, command.community_ids)
            else:
                need_all_communities(tx, actor)
            put_person(tx, Person.of(command), now)
            _insert_staff(tx, command, password_hash, now)
        return answer


def _insert_staff(tx: Tx, command: RegisterStaff, password_hash: str, now: datetime) -> None:
    account_id = command.account_id
    values = {
        "account_id": account_id,
        "username": command.username,
        "password_hash": password_hash,
        "since": now,
    }
    if not insert_once(tx, StaffRow, values, same=("username",)):
        return
    roles = [{"account_id": account_id, "role": role} for role in dict.fromkeys(command.roles)]
    tx.execute(insert(StaffRoleRow), roles)
    communities = dict.fromkeys(command.community_ids)
    if communities:
        rows = [{"account_id": account_id, "community_id": community} for community in communities]
        tx.execute(insert(StaffCommunityRow), rows)


def mark_courier(db: Database, command: MarkCourier) -> Done:
    """The account is a courier, or no longer one; its next token says so."""
    with db.transaction() as tx:
        changed = tx.execute(
            update(AccountRow)
            .where(AccountRow.account_id == command.account_id)
            .values(is_courier=command.active)
        )
        if changed.rowcount == 0:
            raise NoSuchAccount
        return Done()
