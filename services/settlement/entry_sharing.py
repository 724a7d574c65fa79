"""What settlement does by itself where shops receive and the channel shares the money out."""

from typing import Any

from services.kernel.clock import now
from services.kernel.entrypoints import every
from services.settlement.use_cases.return_profit import run_returns
from services.settlement.use_cases.run_shares import run_shares


class SharingEntry:
    """Shares and returns, step by step."""

    runtime: Any

    @every(seconds=2)
    def run_shares(self) -> None:
        runtime = self.runtime
        after_s = runtime.settings.profit_share_after_s
        run_shares(runtime.db, runtime.extras.sharing, after_s, now())

    @every(seconds=2)
    def run_returns(self) -> None:
        run_returns(self.runtime.db, self.runtime.extras.sharing, now())
