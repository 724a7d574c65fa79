"""The first thing in an empty installation: the company and its first manager."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select

from services.contracts.permissions import Role
from services.identity.once import insert_once
from services.identity.passwords import Passwords
from services.identity.tables import AccountRow, CompanyRow, StaffRoleRow, StaffRow
from services.kernel.db import Database, Tx
from services.kernel.ids import derived_id


@dataclass(frozen=True, slots=True)
class Founding:
    """What the installation is told about itself."""

    company_name: str
    manager_name: str
    username: str
    password: str


def found_company(db: Database, passwords: Passwords, founding: Founding, now: datetime) -> str:
    """Make the company and a manager of all its communities; the manager's account id.

    Run again, it finds both and changes nothing: neither the company's name nor the password.
    """
    password_hash = passwords.hash(founding.password)
    with db.transaction() as tx:
        company = {"company_id": derived_id("company"), "name": founding.company_name}
        insert_once(tx, CompanyRow, company | {"created_at": now}, same=())
        return _find_staff(tx, founding.username) or _insert_manager(
            tx, founding, password_hash, now
        )


def _find_staff(tx: Tx, username: str) -> str | None:
    row = tx.first(select(StaffRow.account_id).where(StaffRow.username == username))
    return row.account_id if row else None


def _insert_manager(tx: Tx, founding: Founding, password_hash: str, now: datetime) -> str:
    # The id follows from the name: of two runs at once, the second meets the first one's row.
    account_id = derived_id("manager", founding.username)
    account = {"account_id": account_id, "name": founding.manager_name, "is_courier": False}
    if insert_once(tx, AccountRow, account | {"created_at": now}, same=()):
        staff = {"account_id": account_id, "username": founding.username}
        tx.execute(insert(StaffRow).values(**staff, password_hash=password_hash, since=now))
        tx.execute(insert(StaffRoleRow).values(account_id=account_id, role=Role.MANAGER))
    return account_id
