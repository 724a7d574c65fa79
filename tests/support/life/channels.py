"""A pay channel and a payout channel that live through everything a channel may do in a life."""

from dataclasses import replace

from services.contracts.settlement import ChannelRefused, RefundState
from services.settlement.domain.channel import ChannelRefund, RefundAsk, RefundRef
from services.settlement.domain.payouts import FINAL, Payout, PayoutAsk, PayoutState
from tests.support.settlement_channel import FakeChannel
from tests.support.withdrawals import FakePayouts


class LivingChannel(FakeChannel):
    """A refund that failed may be asked for again; one that was never asked for is unknown."""

    def refund(self, ask: RefundAsk) -> ChannelRefund:
        known = self.refunds.get(ask.out_refund_no)
        if known is not None and known.state is RefundState.FAILED and not self.away:
            self.refunds[ask.out_refund_no] = replace(known, state=self.refund_state)
        return super().refund(ask)

    def query_refund(self, refund: RefundRef) -> ChannelRefund:
        if refund.out_refund_no not in self.refunds and not self.away:
            raise ChannelRefused("there is no such refund")
        return super().query_refund(refund)


class LivingPayouts(FakePayouts):
    """Takes nothing back once it has ended, and a first answer may be that it works on it."""

    def cancel(self, out_bill_no: str) -> Payout:
        bill = self.bills.get(out_bill_no)
        if not self.away and bill is not None and bill.state in FINAL:
            raise ChannelRefused("it is over")
        return super().cancel(out_bill_no)

    def transfer(self, ask: PayoutAsk) -> Payout:
        news = super().transfer(ask)
        waits = news.state is PayoutState.AWAITING_PAYEE
        return news if waits else replace(news, package_info="")
