"""What merchants are called: settlement knows only their ids."""

from gateway.console.staff import my_community
from gateway.parts import parts
from services.contracts.identity import MerchantsQuery, MeView, StoresQuery
from services.kernel.errors import Forbidden, Refused, Unavailable
from services.kernel.wire import PAGE_SIZE_MAX

PAGES_MAX = 5


def merchant_names(who: MeView) -> dict[str, str]:
    """Merchant id → name, as far as this person may know them; a silent identity gives none.

    Whoever may not see the merchants' register still knows the shops of the community.
    """
    for names in (_of_register, lambda: _of_stores(who)):
        try:
            return names()
        except Forbidden:
            continue
        except (Refused, Unavailable):
            break
    return {}


def _of_register() -> dict[str, str]:
    names: dict[str, str] = {}
    after: str | None = None
    for _ in range(PAGES_MAX):
        page = parts().backends.identity.merchants(MerchantsQuery(after=after, limit=PAGE_SIZE_MAX))
        names.update({merchant.merchant_id: merchant.name for merchant in page.items})
        after = page.next_after
        if after is None:
            break
    return names


def _of_stores(who: MeView) -> dict[str, str]:
    community_id = my_community(who)
    if community_id is None:
        return {}
    names: dict[str, list[str]] = {}
    after: str | None = None
    for _ in range(PAGES_MAX):
        query = StoresQuery(community_id=community_id, after=after, limit=PAGE_SIZE_MAX)
        page = parts().backends.identity.stores(query)
        for store in page.items:
            names.setdefault(store.merchant_id, []).append(store.name)
        after = page.next_after
        if after is None:
            break
    return {merchant_id: "、".join(stores) for merchant_id, stores in names.items()}
