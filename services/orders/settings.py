"""orders' settings."""

from pydantic import Field

from services.kernel.config import ServiceSettings
from services.orders.domain.deadlines import LIMIT_NAMES


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
    unconfirmed_after_s: int = Field(
        default=7_200,
        ge=1,
        le=604_800,
        description="Seconds in which a store takes a paid order; else it is cancelled.",
    )
    unready_after_s: int = Field(
        default=86_400,
        ge=1,
        le=2_592_000,
        description="Seconds to pack, and again to dispatch; then the resident may take it back.",
    )
    unserved_after_s: int = Field(
        default=7_200,
        ge=1,
        le=2_592_000,
        description="Seconds after an appointment's end; then the resident may take it back.",
    )
    unfetched_after_s: int = Field(
        default=604_800,
        ge=1,
        le=7_776_000,
        description="Seconds for which a packed order waits to be fetched; then it is cancelled.",
    )
    late_cancel_after_s: int = Field(
        default=172_800,
        ge=1,
        le=2_592_000,
        description="Seconds after which an overdue order that nobody moves is cancelled.",
    )
    undelivered_after_s: int = Field(
        default=86_400,
        ge=1,
        le=2_592_000,
        description="Seconds under way, or in service, before the property looks at it.",
    )
    amendment_answer_s: int = Field(
        default=7_200, ge=1, le=604_800, description="Seconds in which a resident answers a change."
    )
    case_answer_s: int = Field(
        default=172_800,
        ge=1,
        le=2_592_000,
        description="Seconds in which a store answers after-sales; silence is a yes.",
    )
    case_return_s: int = Field(
        default=604_800,
        ge=1,
        le=7_776_000,
        description="Seconds to bring something back, to take it back, and to bring the new one.",
    )
    claim_within_s: int = Field(
        default=604_800,
        ge=1,
        le=31_536_000,
        description="Seconds after completion in which after-sales and disputes may be opened.",
    )
    negotiate_for_s: int = Field(
        default=172_800,
        ge=1,
        le=2_592_000,
        description="Seconds the two have before a mediator is called by itself.",
    )
    appeal_within_s: int = Field(
        default=86_400,
        ge=1,
        le=2_592_000,
        description="Seconds in which either side may appeal; then the ruling is carried out.",
    )
    review_within_s: int = Field(
        default=2_592_000,
        ge=1,
        le=31_536_000,
        description="Seconds after completion in which an order may be reviewed.",
    )
    stuck_after_s: int = Field(
        default=600,
        ge=1,
        le=86_400,
        description="Seconds after which work across services is shown to staff as stuck.",
    )
    saga_lease_s: int = Field(
        default=30,
        ge=1,
        le=600,
        description="Seconds after which work across services is taken up from a copy that died.",
    )
    sagas_kept_days: int = Field(
        default=90,
        ge=1,
        le=3_650,
        description="Days for which work across services that is over is kept.",
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

    @property
    def limits(self) -> dict[str, int]:
        """The seconds of `domain/deadlines.py`, by name."""
        return {name: getattr(self, name) for name in LIMIT_NAMES}
