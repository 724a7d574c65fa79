"""A life of deals: everybody's acts, what the services do by themselves, and how it all ends."""

from collections.abc import Mapping

from services.contracts.settlement import RefundState
from tests.support.deal_life import ending
from tests.support.deal_life.couriers import Couriers
from tests.support.deal_life.deals import Deals
from tests.support.deal_life.ending import Ending
from tests.support.deal_life.fate import StandingClock
from tests.support.deal_life.paying import Paying
from tests.support.deal_life.wishes import Dice
from tests.support.deal_life.world import World
from tests.support.frail_database import FrailDatabase

ALL = 10_000
QUIET_ROUNDS = 60
"""Days in which everything must have come to its end."""
LADDER_STEPS_S = (2, 6, 31, 301)


class DealLife:
    """Orders, catalog, settlement and delivery as they are; whoever draws the acts draws the life.

    The same acts under the same seed end the same.
    """

    def __init__(self, dbs: Mapping[str, FrailDatabase], clock: StandingClock, seed: int) -> None:
        self.world = World(dbs, clock, seed)
        self.dice = Dice(seed)
        self.deals = Deals(self.world, self.dice)
        self.paying = Paying(self.world)
        self.couriers = Couriers(self.world)
        self._told: set[tuple[str, bool]] = set()

    @property
    def story(self) -> list[str]:
        return self.world.story

    def wait(self, seconds: float) -> None:
        """Time passes; what is under way between the services arrives before and after."""
        if seconds > LADDER_STEPS_S[-1]:
            self.everything_arrives()
        self.world.time_passes(seconds)
        self.world.jobs_run()
        self.world.post_comes(self.dice.choice((0, 3, ALL)))

    def everything_arrives(self) -> None:
        """The post is brought, up the ladder where need be."""
        self.world.post_comes(ALL)
        for step_s in LADDER_STEPS_S:
            if not self.world.post.bag:
                return
            self.world.time_passes(step_s)
            self.world.post_comes(ALL)

    def quiet_down(self) -> None:
        """Everything that was begun comes to its end, in a bounded time."""
        world = self.world
        world.story.append("all is quiet")
        world.nobody_dies()
        self.paying.the_channel_changes(away=False, state=RefundState.PROCESSING)
        world.ask_again()
        for _ in range(QUIET_ROUNDS):
            self._quiet_day()
            if not ending.open_ends(world):
                return

    def _quiet_day(self) -> None:
        world = self.world
        for _ in range(3):
            world.jobs_run()
            self.everything_arrives()
        self.deals.disputes_are_decided()
        self.paying.hand_in()
        self.paying.mend_refunds()
        while self.paying.a_refund_ends(0):
            pass
        for notice in self.paying.notices():
            if notice not in self._told:
                self._told.add(notice)
                self.paying.notify(notice[0], refund=notice[1])
        world.time_passes(86_400)

    def assert_ended(self) -> None:
        """Nothing is open, nobody was told a lie, and everything agrees."""
        ending.assert_all_agrees(self.world)
        assert self.world.alarms == [], self.world.alarms

    def ending(self) -> Ending:
        """The same for the same acts under the same seed."""
        return ending.ending(self.world)
