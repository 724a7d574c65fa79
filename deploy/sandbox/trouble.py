"""What goes wrong on purpose and how it runs otherwise; both can be changed at any time."""

import time
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

LIMIT_S = 86_400.0


class UnknownKnob(ValueError):
    """A field that does not exist, or a value of the wrong kind."""


@dataclass(frozen=True)
class Trouble:
    """Every field at its default means: nothing goes wrong."""

    notice_delay_s: float = 0.0
    lose_first_notices: int = 0
    send_twice: bool = False
    shuffle_window_s: float = 0.0
    wrong_amount: bool = False
    hold_notices: bool = False
    wechat_outage_s: float = 0.0
    pay_outage_s: float = 0.0
    wechat_delay_s: float = 0.0
    pay_delay_s: float = 0.0
    refunds: str = "ok"
    shares: str = "ok"
    returns: str = "ok"
    transfers: str = "ok"
    pay_after_close: bool = False
    refuse_template: int = 0
    fees: str = "ok"
    fee_outage_s: float = 0.0
    fee_delay_s: float = 0.0


@dataclass(frozen=True)
class Settings:
    """How the sandbox behaves when nothing goes wrong."""

    webhook_url: str = ""
    webhook_mode: str = "plain"
    speed_up: float = 60.0
    signtest_every: int = 20
    refund_delay_s: float = 0.3
    share_delay_s: float = 0.3
    transfer_delay_s: float = 0.3
    bill_same_day: bool = True


CHOICES = {
    "fees": ("ok", "refuse", "paid_elsewhere", "lose_answers"),
    "refunds": ("ok", "abnormal", "closed", "not_enough"),
    "shares": ("ok", "closed"),
    "returns": ("ok", "failed"),
    "transfers": ("ok", "fail", "not_enough"),
    "webhook_mode": ("plain", "safe"),
}


class Knobs:
    """Settings and trouble as they stand now; outages end by themselves."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.trouble = Trouble()
        self._wechat_down_until = 0.0
        self._pay_down_until = 0.0
        self._fees_down_until = 0.0

    def change_settings(self, values: dict[str, Any]) -> Settings:
        """Turn some of the settings; unknown ones are refused."""
        self.settings = _changed(self.settings, values)
        return self.settings

    def make_trouble(self, values: dict[str, Any]) -> Trouble:
        """Turn some of the troubles; an outage starts to count now."""
        self.trouble = _changed(self.trouble, values)
        if "wechat_outage_s" in values:
            self._wechat_down_until = time.monotonic() + self.trouble.wechat_outage_s
        if "pay_outage_s" in values:
            self._pay_down_until = time.monotonic() + self.trouble.pay_outage_s
        if "fee_outage_s" in values:
            self._fees_down_until = time.monotonic() + self.trouble.fee_outage_s
        return self.trouble

    def make_peace(self) -> Trouble:
        """Everything quiet again."""
        self._wechat_down_until = self._pay_down_until = self._fees_down_until = 0.0
        self.trouble = Trouble()
        return self.trouble

    def wechat_is_down(self) -> bool:
        """Whether the service account's API answers 503 now."""
        return time.monotonic() < self._wechat_down_until

    def pay_is_down(self) -> bool:
        """Whether WeChat Pay's API answers 503 now."""
        return time.monotonic() < self._pay_down_until

    def fees_are_down(self) -> bool:
        """Whether the fee system answers 503 now."""
        return time.monotonic() < self._fees_down_until


def as_json(knobs: Trouble | Settings) -> dict[str, Any]:
    """The fields by name."""
    return asdict(knobs)


def _changed(knobs: Any, values: dict[str, Any]) -> Any:
    defaults = {field.name: field.default for field in fields(knobs)}
    unknown = set(values) - set(defaults)
    if unknown:
        raise UnknownKnob(f"unknown: {', '.join(sorted(unknown))}")
    return replace(knobs, **{name: _fit(name, defaults[name], values[name]) for name in values})


def _fit(name: str, default: Any, value: Any) -> Any:
    kind = type(default)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise UnknownKnob(f"{name} must be {kind.__name__}")
    if name in CHOICES and value not in CHOICES[name]:
        raise UnknownKnob(f"{name} must be one of {', '.join(CHOICES[name])}")
    if kind in (int, float) and not 0 <= value <= LIMIT_S:
        raise UnknownKnob(f"{name} is out of range")
    return value
