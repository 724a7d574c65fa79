"""A channel is open or it is not: half a channel is a fault of the settings."""

import pytest

from services.kernel.config import SettingsError, load
from services.settlement.settings import NEEDED_WITH, Settings

NEEDED = {
    "LINLI_DATABASE_URL": "-",
    "LINLI_AMQP_URL": "-",
    "LINLI_ACTOR_PUBLIC_KEY": "-",
    "LINLI_SETTLEMENT_WECHATPAY_MCHID": "1",
    "LINLI_SETTLEMENT_WECHATPAY_APP_ID": "wx1",
    "LINLI_SETTLEMENT_WECHATPAY_MERCHANT_KEY": "-",
    "LINLI_SETTLEMENT_WECHATPAY_MERCHANT_SERIAL": "1",
    "LINLI_SETTLEMENT_WECHATPAY_PUBLIC_KEY": "-",
    "LINLI_SETTLEMENT_WECHATPAY_PUBLIC_KEY_ID": "PUB_KEY_ID_1",
    "LINLI_SETTLEMENT_WECHATPAY_APIV3_KEY": "0" * 32,
    "LINLI_SETTLEMENT_WECHATPAY_NOTIFY_URL": "-",
}


def test_without_alipay_and_unionpay_settlement_starts() -> None:
    settings = load(Settings, "settlement", NEEDED)
    assert (settings.alipay_app_id, settings.unionpay_mer_id) == ("", "")


@pytest.mark.parametrize("opens", NEEDED_WITH)
def test_what_an_open_channel_lacks_is_named(opens: str) -> None:
    with pytest.raises(SettingsError) as fault:
        load(Settings, "settlement", NEEDED | {f"LINLI_SETTLEMENT_{opens.upper()}": "1"})
    assert all(name in str(fault.value) for name in NEEDED_WITH[opens])
