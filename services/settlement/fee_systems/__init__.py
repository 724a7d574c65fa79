"""Fee systems: the one that is asked over HTTP, and the one that is a file."""

from services.settlement.domain.fee_system import FeeSystem
from services.settlement.fee_systems.files import FeesByFile
from services.settlement.fee_systems.http import FeesByHttp
from services.settlement.settings import Settings


def open_fee_system(settings: Settings) -> FeeSystem:
    """The one that the settings choose; ValueError when its address or key is missing."""
    if settings.fee_system == "files":
        return FeesByFile()
    if not (settings.fee_system_url and settings.fee_system_key):
        raise ValueError("fee_system is http: set fee_system_url and fee_system_key as well")
    return FeesByHttp(
        settings.fee_system_url,
        client=settings.fee_system_client,
        key=settings.fee_system_key,
        timeout_s=settings.fee_system_timeout_s,
    )
