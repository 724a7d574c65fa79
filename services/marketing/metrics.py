"""What a person on duty asks of marketing."""

from prometheus_client import Counter

NOTICES = Counter("linli_notices_total", "Notices by outcome", ["kind", "outcome"])
TOKENS = Counter("linli_wechat_tokens_fetched_total", "Access tokens fetched", ["app_id"])
REFUNDS_FAILED = Counter("linli_refunds_failed_total", "Refunds that a pay channel refuses")
