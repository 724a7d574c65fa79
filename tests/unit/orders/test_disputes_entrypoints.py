"""Who may ask orders for what in disputes and reviews."""

import inspect

import pytest

from services.contracts.permissions import Permission
from services.kernel.entrypoints import Rpc
from services.orders.entry_disputes import DisputesEntry
from services.orders.entry_reviews import ReviewsEntry

RIGHTS = {
    "take_dispute": ("permission", Permission.ORDER_MEDIATE),
    "ask_party": ("permission", Permission.ORDER_MEDIATE),
    "rule_dispute": ("permission", Permission.ORDER_MEDIATE),
    "pass_to_manager": ("permission", Permission.ORDER_MEDIATE),
    "decide_appeal": ("permission", Permission.ORDER_APPEAL),
    "dispute_counts": ("permission", Permission.ORDER_MEDIATE),
    "case_file": ("permission", Permission.ORDER_MEDIATE),
    "precedents": ("permission", Permission.ORDER_MEDIATE),
    "merchants_stats": ("permission", Permission.ORDER_MEDIATE),
    "write_review": ("permission", Permission.ORDER_AFTER_SALES),
    "answer_review": ("permission", Permission.STORE_ORDER_HANDLE),
    "hide_review": ("permission", Permission.ORDER_MEDIATE),
    # The side decides: a household's own people, a store's own people, or staff in reach.
    "open_dispute": ("signed_in", True),
    "propose_split": ("signed_in", True),
    "accept_split": ("signed_in", True),
    "call_mediator": ("signed_in", True),
    "withdraw_dispute": ("signed_in", True),
    "accept_ruling": ("signed_in", True),
    "appeal_ruling": ("signed_in", True),
    "dispute": ("signed_in", True),
    "disputes": ("signed_in", True),
    "merchant_stats": ("signed_in", True),
    "review": ("signed_in", True),
    # What anybody may read before buying.
    "reviews": ("public", True),
    "store_scores": ("public", True),
}


def entrypoints() -> dict[str, Rpc]:
    """Every call, by its name."""
    found = {}
    for entry in (DisputesEntry, ReviewsEntry):
        for name, method in inspect.getmembers(entry, inspect.isfunction):
            for one in getattr(method, "nameko_entrypoints", ()):
                if isinstance(one, Rpc):
                    found[name] = one
    return found


@pytest.mark.parametrize("name", sorted(RIGHTS))
def test_each_call_says_who_may_make_it(name: str) -> None:
    kind, value = RIGHTS[name]
    assert getattr(entrypoints()[name], kind) == value


def test_no_call_is_left_out() -> None:
    assert set(entrypoints()) == set(RIGHTS)
