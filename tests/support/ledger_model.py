"""The ledger in plain Python: accounts, transfers, holds and their errors, and nothing else.

It says what MariaDB must say: the same balances after the same acts, the same error for the same
wrong one, and no trace of an act that was refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from services.contracts.settlement import AlreadyPosted, HoldOver, InsufficientFunds, TooMuch
from services.settlement.domain.accounts import SIGNS, Account, Sign
from services.settlement.domain.holds import Hold, HoldState
from services.settlement.domain.transfers import Transfer, TransferKind, between


@dataclass(frozen=True)
class KeptHold:
    """A hold and what became of it."""

    hold: Hold
    state: HoldState = HoldState.HELD
    posted_fen: int = 0


@dataclass
class LedgerModel:
    """Balances and holds in dictionaries; every act happens whole or not at all."""

    balances: dict[Account, int] = field(default_factory=dict)
    posted: dict[str, Transfer] = field(default_factory=dict)
    holds: dict[str, KeptHold] = field(default_factory=dict)

    # acts

    def post(self, transfers: Sequence[Transfer]) -> None:
        """InsufficientFunds for a guarded account below zero; AlreadyPosted for a repeat."""
        after = dict(self.balances)
        for transfer in transfers:
            for entry in transfer.entries:
                after[entry.account] = after.get(entry.account, 0) + entry.amount_fen
        if any(account.guarded and fen < 0 for account, fen in after.items()):
            raise InsufficientFunds()
        ids = [transfer.transfer_id for transfer in transfers]
        if len(set(ids)) < len(ids) or self.posted.keys() & set(ids):
            raise AlreadyPosted()
        self.balances = after
        self.posted |= {transfer.transfer_id: transfer for transfer in transfers}

    def place(self, hold: Hold) -> None:
        """Set it aside; AlreadyPosted for a hold that was placed before."""
        self.post([hold.placed()])
        self.holds[hold.hold_id] = KeptHold(hold)

    def resolve(self, hold_id: str, taken_fen: int, target: Account) -> None:
        """Post so much of it to `target` and give the rest back; HoldOver, TooMuch."""
        kept = self._held(hold_id)
        hold = kept.hold
        if taken_fen > hold.amount_fen:
            raise TooMuch(fields={"left_fen": str(hold.amount_fen)})
        self.post([*hold.given_back(taken_fen), *taken(hold, taken_fen, target)])
        state = HoldState.POSTED if taken_fen else HoldState.VOIDED
        self.holds[hold_id] = replace(kept, state=state, posted_fen=taken_fen)

    # what must hold

    def assert_sound(self) -> None:
        """Sums to zero, nobody below zero, holds backed to the fen, balances out of transfers."""
        assert sum(self.balances.values()) == 0
        by_custodian: dict[str, int] = {}
        summed: dict[Account, int] = {}
        for transfer in self.posted.values():
            for entry in transfer.entries:
                summed[entry.account] = summed.get(entry.account, 0) + entry.amount_fen
        for account, fen in self.balances.items():
            by_custodian[account.custodian] = by_custodian.get(account.custodian, 0) + fen
            assert not account.guarded or fen >= 0
        assert summed == self.balances
        assert set(by_custodian.values()) <= {0}
        for kept in self.holds.values():
            due_fen = kept.hold.amount_fen if kept.state is HoldState.HELD else 0
            assert self.balances[kept.hold.account] == due_fen
            assert 0 <= kept.posted_fen <= kept.hold.amount_fen

    def wrong_signs(self) -> set[Account]:
        """Accounts on the wrong side of zero: the audit names them, posting does not refuse."""
        below, above = Sign.NEVER_BELOW_ZERO, Sign.NEVER_ABOVE_ZERO
        return {
            account
            for account, fen in self.balances.items()
            if (SIGNS[account.kind] is below and fen < 0)
            or (SIGNS[account.kind] is above and fen > 0)
        }

    def _held(self, hold_id: str) -> KeptHold:
        kept = self.holds.get(hold_id)
        if kept is None:
            raise HoldOver(fields={"state": "unknown"})
        if kept.state is not HoldState.HELD:
            raise HoldOver(fields={"state": kept.state})
        return kept


def taken(hold: Hold, taken_fen: int, target: Account) -> list[Transfer]:
    """What takes so much out of a hold."""
    if not taken_fen:
        return []
    entries = between(hold.account, target, taken_fen)
    return [Transfer(TransferKind.WITHDRAWAL_BEGUN, hold.hold_id, entries)]
