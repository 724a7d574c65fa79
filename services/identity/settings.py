"""identity's own settings."""

from datetime import timedelta

from pydantic import Field

from services.kernel.config import ServiceSettings


class Settings(ServiceSettings):
    """What identity needs beyond what every service needs."""

    actor_private_key: str = Field(description="PEM of the Ed25519 key that signs actor tokens.")
    wechat_session_days: int = Field(
        default=30, ge=1, le=365, description="A WeChat session ends so many days after its use."
    )
    staff_session_hours: int = Field(
        default=12, ge=1, le=72, description="A staff session ends so many hours after sign-in."
    )

    @property
    def wechat_lifetime(self) -> timedelta:
        """How long a WeChat session lives after its last use."""
        return timedelta(days=self.wechat_session_days)

    @property
    def staff_lifetime(self) -> timedelta:
        """How long a staff session lives."""
        return timedelta(hours=self.staff_session_hours)
