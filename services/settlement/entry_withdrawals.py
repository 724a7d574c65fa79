"""Settlement's entrypoints for withdrawals."""

from datetime import timedelta
from typing import Any

from services.contracts.permissions import Permission
from services.contracts.withdrawals import (
    ApproveWithdrawal,
    BankFileLine,
    BankFileQuery,
    BankFilesQuery,
    BankFileView,
    BankResultView,
    CancelWithdrawal,
    ImportBankResult,
    MakeBankFile,
    PayoutAccountQuery,
    PayoutAccountView,
    PutPayoutAccount,
    RejectWithdrawal,
    Withdraw,
    WithdrawalQuery,
    WithdrawalsQuery,
    WithdrawalView,
)
from services.kernel.actor import Actor
from services.kernel.clock import now
from services.kernel.entrypoints import every, rpc
from services.kernel.wire import Page
from services.settlement.domain.withdrawals import Limits
from services.settlement.settings import Settings
from services.settlement.use_cases.cancel_withdrawal import cancel_withdrawal
from services.settlement.use_cases.decide_withdrawal import approve_withdrawal, reject_withdrawal
from services.settlement.use_cases.make_bank_file import (
    make_bank_file,
    see_bank_file,
    see_bank_files,
)
from services.settlement.use_cases.pay_out import run_payouts
from services.settlement.use_cases.payout_account import (
    need_sealer,
    put_payout_account,
    see_payout_account,
)
from services.settlement.use_cases.see_withdrawals import see_withdrawal, see_withdrawals
from services.settlement.use_cases.take_bank_result import take_bank_result
from services.settlement.use_cases.withdraw import PayoutTerms, withdraw


def limits_of(settings: Settings) -> Limits:
    """The limits that the property has set."""
    return Limits(
        least_fen=settings.withdraw_min_fen,
        most_fen=settings.withdraw_max_fen,
        day_fen=settings.withdraw_day_max_fen,
        approve_from_fen=settings.withdraw_approve_from_fen,
    )


class WithdrawalsEntry:
    """Commands and questions about withdrawals."""

    runtime: Any

    # the owner's people: the object decides

    @rpc(signed_in=True)
    def put_payout_account(self, command: PutPayoutAccount, actor: Actor) -> PayoutAccountView:
        runtime = self.runtime
        cooling = timedelta(hours=runtime.settings.payout_cooling_hours)
        sealer = need_sealer(runtime.sealer)
        return put_payout_account(runtime.db, sealer, command, cooling, actor, now())

    @rpc(signed_in=True)
    def payout_account(self, query: PayoutAccountQuery, actor: Actor) -> PayoutAccountView:
        return see_payout_account(self.runtime.db, query, actor)

    @rpc(signed_in=True)
    def withdraw(self, command: Withdraw, actor: Actor) -> WithdrawalView:
        runtime = self.runtime
        terms = PayoutTerms(limits_of(runtime.settings), runtime.extras.payouts is not None)
        return withdraw(runtime.db, runtime.sealer, terms, command, actor, now())

    @rpc(signed_in=True)
    def withdrawal(self, query: WithdrawalQuery, actor: Actor) -> WithdrawalView:
        runtime = self.runtime
        refusal_max = runtime.settings.payout_refusal_max
        return see_withdrawal(runtime.db, runtime.extras.payouts, query, actor, refusal_max, now())

    @rpc(signed_in=True)
    def withdrawals(self, query: WithdrawalsQuery, actor: Actor) -> Page[WithdrawalView]:
        return see_withdrawals(self.runtime.db, query, actor)

    @rpc(signed_in=True)
    def cancel_withdrawal(self, command: CancelWithdrawal, actor: Actor) -> WithdrawalView:
        runtime = self.runtime
        return cancel_withdrawal(
            runtime.db,
            runtime.extras.payouts,
            command,
            actor,
            runtime.settings.payout_refusal_max,
            now(),
        )

    # staff

    @rpc(permission=Permission.MONEY_APPROVE)
    def approve_withdrawal(self, command: ApproveWithdrawal, actor: Actor) -> WithdrawalView:
        return approve_withdrawal(self.runtime.db, command, actor, now())

    @rpc(permission=Permission.MONEY_APPROVE)
    def reject_withdrawal(self, command: RejectWithdrawal, actor: Actor) -> WithdrawalView:
        return reject_withdrawal(self.runtime.db, command, actor, now())

    @rpc(permission=Permission.MONEY_WITHDRAWALS)
    def make_bank_file(self, command: MakeBankFile, actor: Actor) -> BankFileView:
        sealer = need_sealer(self.runtime.sealer)
        return make_bank_file(self.runtime.db, sealer, command, actor, now())

    @rpc(permission=Permission.MONEY_WITHDRAWALS)
    def bank_file(self, query: BankFileQuery, actor: Actor) -> BankFileView:
        sealer = need_sealer(self.runtime.sealer)
        return see_bank_file(self.runtime.db, sealer, query, actor, now())

    @rpc(permission=Permission.MONEY_WITHDRAWALS)
    def bank_files(self, query: BankFilesQuery) -> Page[BankFileLine]:
        return see_bank_files(self.runtime.db, query)

    @rpc(permission=Permission.MONEY_WITHDRAWALS)
    def import_bank_result(self, command: ImportBankResult, actor: Actor) -> BankResultView:
        return take_bank_result(self.runtime.db, command, actor, now())

    # by itself

    @every(seconds=2)
    def run_payouts(self) -> None:
        runtime = self.runtime
        refusal_max = runtime.settings.payout_refusal_max
        run_payouts(runtime.db, runtime.extras.payouts, refusal_max, now())
