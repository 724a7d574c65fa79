"""What settlement works with beside its database: pay channels, payouts, sharing, fee system."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from services.contracts.settlement import Channel, DeskMethod
from services.kernel.clock import now
from services.kernel.db import Database
from services.settlement import ledger
from services.settlement.channels.alipay import AlipayChannel
from services.settlement.channels.unionpay import UnionPayChannel
from services.settlement.channels.wechat import WechatPayChannel
from services.settlement.channels.wechat_sharing import WechatSharing
from services.settlement.channels.wechat_transfer import WechatTransfers
from services.settlement.domain import accounts
from services.settlement.domain.channel import PayChannel
from services.settlement.domain.fee_system import FeeSystem
from services.settlement.domain.payouts import PayoutChannel
from services.settlement.domain.sharing import SharingChannel
from services.settlement.fee_systems import open_fee_system
from services.settlement.settings import Settings
from services.settlement.use_cases.give_back import DESK
from services.settlement.use_cases.release_order import Terms
from services.settlement.use_cases.take_internally import DOOR, INTERNAL


@dataclass(frozen=True, slots=True)
class Extras:
    """Made once per process."""

    channels: Mapping[Channel, PayChannel]
    payouts: PayoutChannel | None = None
    sharing: SharingChannel | None = None
    fee_system: FeeSystem | None = None
    """Who keeps the property fee's bills."""


def open_channels(settings: Settings, db: Database) -> Extras:
    """The channels that have keys, with the accounts on which their money is booked."""
    drivers = (
        WechatPayChannel(settings),
        AlipayChannel.from_settings(settings),
        UnionPayChannel.from_settings(settings),
    )
    channels: dict[Channel, PayChannel] = {
        driver.till.channel: driver for driver in drivers if driver is not None
    }
    tills = [(way.till.channel, way.till.merchant_number) for way in channels.values()]
    tills += [(till.channel, till.merchant_number) for till in (DESK, DOOR, INTERNAL)]
    tills.append((Channel.DESK, DeskMethod.POS))
    with db.transaction() as tx:
        ledger.open_accounts(tx, accounts.standing(tills), now())
    return Extras(
        channels, WechatTransfers(settings), WechatSharing(settings), open_fee_system(settings)
    )


def terms_of(settings: Settings) -> Terms:
    """The terms of a release at this moment."""
    return Terms(timedelta(hours=settings.dispute_window_h), now())
