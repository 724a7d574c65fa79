"""catalog's own settings."""

from pydantic import Field

from services.kernel.config import ServiceSettings


class Settings(ServiceSettings):
    """What catalog needs beyond what every service needs."""

    hold_max_s: int = Field(
        default=172_800,
        ge=60,
        le=2_592_000,
        description="Seconds for which pieces may be set aside at most.",
    )
    expire_batch: int = Field(
        default=200, ge=1, le=5000, description="Reservations that one sweep gives back at most."
    )
