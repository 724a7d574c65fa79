"""What buyers think of shops: one question for all shops of a page."""

from gateway.parts import parts
from services.contracts.reviews import StoreScore, StoreScoresQuery
from services.kernel.errors import Unavailable


def scores_of(store_ids: list[str]) -> dict[str, StoreScore]:
    """Store → score; shops without a vote are left out, and all while orders is silent."""
    if not store_ids:
        return {}
    try:
        found = parts().backends.orders.store_scores(StoreScoresQuery(store_ids=store_ids))
    except Unavailable:
        return {}
    return {score.store_id: score for score in found.scores}
