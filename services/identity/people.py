"""A person's account: made or met, and bound to a WeChat user."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError

from services.contracts.identity import (
    AlreadyRegistered,
    MemberSpec,
    NameTaken,
    RegisterAccount,
    RegisterStaff,
)
from services.identity import locks
from services.identity.domain.people import normal_phone
from services.identity.tables import AccountRow, SessionRow, WechatUserRow
from services.kernel.db import Tx, is_duplicate
from services.kernel.errors import Malformed


@dataclass(frozen=True, slots=True)
class Person:
    """Who somebody is, as staff have written it down."""

    account_id: str
    name: str
    phone: str
    app_id: str
    openid: str

    @classmethod
    def of(cls, said: MemberSpec | RegisterAccount | RegisterStaff) -> "Person":
        """The person in a command, with the phone in its normal form."""
        phone = normal_phone(said.phone)
        return cls(said.account_id, said.name, phone, said.app_id, said.openid)


def put_person(tx: Tx, person: Person, now: datetime) -> None:
    """Make the account, or meet the one that is there; then bind the WeChat user, if one is named.

    NameTaken when the phone or the WeChat user belongs to somebody else, AlreadyRegistered when
    the account is another person's.
    """
    found = locks.accounts_for_update(tx, person.account_id, person.phone)
    if any(row.account_id != person.account_id for row in found):
        raise NameTaken(fields={"phone": "belongs to another account"})
    if not found:
        _insert_account(tx, person, now)
    elif found[0].phone is None and not found[0].name:
        known = {"name": person.name, "phone": person.phone}
        mine = AccountRow.account_id == person.account_id
        tx.execute(update(AccountRow).where(mine).values(**known))
    elif found[0].phone != person.phone:
        raise AlreadyRegistered(fields={"account_id": "has another phone"})
    if person.openid:
        _bind_wechat_user(tx, person, now)


def _insert_account(tx: Tx, person: Person, now: datetime) -> None:
    values = {
        "account_id": person.account_id,
        "name": person.name,
        "phone": person.phone,
        "is_courier": False,
        "created_at": now,
    }
    try:
        tx.execute(insert(AccountRow).values(**values))
    except IntegrityError as error:
        if not is_duplicate(error):
            raise
        raise NameTaken(fields={"phone": "has just been registered"}) from None


def _bind_wechat_user(tx: Tx, person: Person, now: datetime) -> None:
    if not person.app_id:
        raise Malformed(fields={"app_id": "an openid belongs to a service account"})
    bound_to = locks.wechat_user_for_update(tx, person.app_id, person.openid)
    if bound_to is None:
        values = {"app_id": person.app_id, "openid": person.openid, "bound_at": now}
        tx.execute(insert(WechatUserRow).values(**values, account_id=person.account_id))
    elif bound_to != person.account_id:
        _rebind(tx, person, bound_to, now)


def _rebind(tx: Tx, person: Person, stranger_id: str, now: datetime) -> None:
    """The WeChat user looked in before the property knew who it is: what was a stranger's account
    gives way, and stays signed in as the person. A known person's binding is never taken."""
    stranger = locks.accounts_for_update(tx, stranger_id, "")
    if any(row.phone is not None or row.name for row in stranger):
        raise NameTaken(fields={"openid": "belongs to another account"})
    tx.execute(
        update(WechatUserRow)
        .where(WechatUserRow.app_id == person.app_id, WechatUserRow.openid == person.openid)
        .values(account_id=person.account_id, bound_at=now)
    )
    tx.execute(
        update(SessionRow)
        .where(SessionRow.account_id == stranger_id)
        .values(account_id=person.account_id)
    )
