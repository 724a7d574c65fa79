"""Settlement's entrypoints for people's rules, for corrections and the trial balance."""

from typing import Any

from services.contracts.permissions import Permission
from services.contracts.settlement import (
    CommissionRules,
    CommissionRulesQuery,
    CorrectionView,
    CorrectTransfer,
    CustodyQuery,
    CustodyView,
    PutCommissionRule,
    PutCustody,
    PutSubMerchant,
    TrialBalanceQuery,
    TrialBalanceView,
)
from services.kernel.actor import Actor
from services.kernel.clock import now
from services.kernel.entrypoints import rpc
from services.kernel.wire import Done
from services.settlement.use_cases import put_rules
from services.settlement.use_cases.correct_transfer import correct_transfer
from services.settlement.use_cases.see_trial_balance import see_trial_balance


class RulesEntry:
    """Commands and questions about rules, corrections and the trial balance."""

    runtime: Any

    @rpc(permission=Permission.MONEY_RULES)
    def commission_rules(self, query: CommissionRulesQuery) -> CommissionRules:
        return put_rules.see_commission_rules(self.runtime.db, query, now())

    @rpc(permission=Permission.MONEY_RULES)
    def put_commission_rule(self, command: PutCommissionRule, actor: Actor) -> CommissionRules:
        return put_rules.put_commission_rule(self.runtime.db, command, actor, now())

    @rpc(permission=Permission.MONEY_RULES)
    def custody(self, query: CustodyQuery) -> CustodyView:
        return put_rules.see_custody(self.runtime.db, query)

    @rpc(permission=Permission.MONEY_RULES)
    def put_custody(self, command: PutCustody, actor: Actor) -> CustodyView:
        return put_rules.put_custody(self.runtime.db, command, actor, now())

    @rpc(permission=Permission.MONEY_RULES)
    def put_sub_merchant(self, command: PutSubMerchant, actor: Actor) -> Done:
        sharing = self.runtime.extras.sharing
        return put_rules.put_sub_merchant(self.runtime.db, sharing, command, actor, now())

    @rpc(permission=Permission.MONEY_CORRECT)
    def correct_transfer(self, command: CorrectTransfer, actor: Actor) -> CorrectionView:
        return correct_transfer(self.runtime.db, command, actor, now())

    @rpc(permission=Permission.MONEY_AUDIT)
    def trial_balance(self, query: TrialBalanceQuery) -> TrialBalanceView:
        return see_trial_balance(self.runtime.db, now())
