"""Whose money a page is about: the household's that is chosen, or the shop's merchant's."""

from dataclasses import dataclass
from urllib.parse import urlencode

from flask import request
from flask_babel import gettext

from gateway import guard
from gateway.h5.merchant import my_store
from gateway.h5.resident import need_household
from gateway.parts import parts
from services.contracts.fees import DebtorKind
from services.contracts.identity import MeView
from services.contracts.permissions import Permission
from services.contracts.settlement import FundQuery, FundView, OwnerKind
from services.kernel.errors import Malformed
from services.kernel.money import from_yuan

MERCHANT_PAGES = "/h5/merchant/"


@dataclass(frozen=True, slots=True)
class Owner:
    """The owner of a fund, and where the owner's pages are."""

    kind: OwnerKind
    owner_id: str
    name: str
    debtor_kind: DebtorKind
    debtor_id: str
    """Whose property fee it is: the home's, or the merchant's."""
    may_use: bool
    """Whether the person may withdraw and offset; the service decides all the same."""
    store_id: str = ""

    @property
    def is_merchant(self) -> bool:
        """Whether it is a shop's."""
        return self.kind is OwnerKind.MERCHANT

    def href(self, page: str, **args: str) -> str:
        """The address of one of the owner's pages."""
        if self.store_id:
            args = {"store_id": self.store_id, **args}
        base = MERCHANT_PAGES if self.is_merchant else "/h5/"
        return f"{base}{page}{'?' + urlencode(args) if args else ''}"

    def fund(self, limit: int = 1, after: str | None = None) -> FundView:
        """What the owner has, with its newest entries."""
        question = FundQuery(owner_kind=self.kind, owner_id=self.owner_id, limit=limit, after=after)
        return parts().backends.settlement.fund(question)


def present_owner() -> Owner:
    """Of the present page; Forbidden or NotCertified to those who have none."""
    who = guard.me()
    return _merchant(who) if request.path.startswith(MERCHANT_PAGES) else _household(who)


def _merchant(who: MeView) -> Owner:
    store = my_store(who)
    return Owner(
        kind=OwnerKind.MERCHANT,
        owner_id=store.merchant_id,
        name=store.store_name,
        debtor_kind=DebtorKind.MERCHANT,
        debtor_id=store.merchant_id,
        may_use=Permission.MERCHANT_FUND_USE in who.permissions,
        store_id=store.store_id,
    )


def _household(who: MeView) -> Owner:
    home = need_household(who)
    return Owner(
        kind=OwnerKind.HOUSEHOLD,
        owner_id=home.household_id,
        name=f"{home.community_name} {home.address.removeprefix(home.community_name).strip()}",
        debtor_kind=DebtorKind.HOME,
        debtor_id=home.home_id,
        may_use=Permission.FUND_USE in who.permissions,
    )


def typed_fen(name: str) -> int:
    """An amount in yuan that was typed, in fen; Malformed for anything else."""
    try:
        amount_fen = from_yuan(request.form.get(name, ""))
    except ValueError:
        amount_fen = 0
    if amount_fen <= 0:
        raise Malformed(fields={name: gettext("请填金额，比如 36 或 36.50")})
    return amount_fen
