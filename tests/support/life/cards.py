"""A merchant leaves, and its members' cards come back."""

from services.contracts.identity import MerchantLeft
from services.settlement.use_cases.return_cards import (
    begin_return,
    return_cards,
    return_remnants,
)
from tests.support.life.world import World


class Cards:
    """Acts of merchants and of the worker that returns cards; cards are sold as orders are."""

    def __init__(self, world: World) -> None:
        self.world = world

    def merchant_leaves(self, merchant: int) -> None:
        """`merchant.left`, delivered at least once."""
        world = self.world
        event = MerchantLeft(aggregate_id=world.merchant(merchant), version=1, reason="合同到期")

        def act() -> None:
            with world.db.transaction() as tx:
                begin_return(tx, event, world.now)

        world.do(f"merchant {merchant} leaves", act)

    def run(self) -> None:
        """The workers, a card at a time."""
        world = self.world
        world.job("cards", lambda: return_cards(world.db, world.now, batch=1))
        world.job("card remnants", lambda: return_remnants(world.db, world.now))
