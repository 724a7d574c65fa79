"""delivery's own settings."""

from pydantic import Field, field_validator

from services.delivery.domain.passes import decoded_key
from services.kernel.config import ServiceSettings


class Settings(ServiceSettings):
    """What delivery needs beyond what every service needs."""

    pass_key: str = Field(
        description="Base64 of at least 32 random bytes; signs passes. A new key voids what is out."
    )
    visit_window_s: int = Field(
        default=7200,
        ge=300,
        le=86_400,
        description="Seconds within which a courier is expected after the last assignment.",
    )
    overstay_after_s: int = Field(
        default=7200,
        ge=60,
        le=604_800,
        description="Seconds inside after which a visit is called out.",
    )
    wrong_codes_max: int = Field(
        default=5, ge=2, le=100, description="Wrong codes in a row before a guard must pause."
    )
    wrong_codes_pause_s: int = Field(
        default=60, ge=1, le=3600, description="Seconds of that pause."
    )
    sweep_batch: int = Field(
        default=200, ge=1, le=5000, description="Rows that one sweep handles at most."
    )
    tell_retry_s: int = Field(
        default=30,
        ge=1,
        le=3600,
        description="Seconds until identity is told again of a courier after a failure.",
    )
    withdrawals_kept_days: int = Field(
        default=30,
        ge=1,
        le=3650,
        description="Days for which an order that is off is remembered without a drop.",
    )

    @field_validator("pass_key")
    @classmethod
    def _is_a_key(cls, value: str) -> str:
        decoded_key(value)
        return value
