"""orders' settings."""

from pydantic import Field

from services.kernel.config import ServiceSettings


class Settings(ServiceSettings):
    """How long a deal may rest in a state before it goes on by itself."""

    unpaid_after_s: int = Field(
        default=900, ge=60, le=86_400, description="Seconds an order may wait for its payment."
    )
    hold_margin_s: int = Field(
        default=86_400,
        ge=3_600,
        le=604_800,
        description="Seconds beyond that for which its pieces stay set aside.",
    )
    auto_complete_after_s: int = Field(
        default=259_200,
        ge=1,
        le=2_592_000,
        description="Seconds after its delivery in which an order completes by itself.",
    )
    close_retry_s: int = Field(
        default=30,
        ge=1,
        le=3_600,
        description="Seconds until a pay channel that gave no answer is asked again to close.",
    )
    sweep_batch: int = Field(
        default=50, ge=1, le=1_000, description="Overdue orders that one sweep takes up."
    )
