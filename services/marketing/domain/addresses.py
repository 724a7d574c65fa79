"""A person with several WeChat addresses is told once."""

from collections.abc import Iterable

from services.contracts.identity import Contact


def one_each(contacts: Iterable[Contact], app_ids: Iterable[str]) -> list[Contact]:
    """The first contact of each account whose service account is set up here."""
    known, told = set(app_ids), set()
    chosen = []
    for contact in contacts:
        if contact.app_id in known and contact.account_id not in told:
            told.add(contact.account_id)
            chosen.append(contact)
    return chosen
