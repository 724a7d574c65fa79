"""JSON lines to stderr: time, level, service, call id, text; no person in full."""

import logging
import re
import sys
from typing import Any

from services.kernel import call, clock, jsons

_MASKS = (
    (re.compile(r"(?<!\d)(\d{6})\d{8}(\d{3}[\dXx])(?!\d)"), r"\1********\2"),  # identity number
    (re.compile(r"(?<![\d.])(1\d{2})\d{4}(\d{4})(?!\d)"), r"\1****\2"),  # mobile phone
    (re.compile(r"eyJ[\w-]{10,}\.[\w-]+\.[\w-]+"), "<token>"),  # JWT
    (
        re.compile(
            r"(?i)\b(bearer|session_token|access_token|secret|password)(['\"=: ]+)[^\s'\",&}]+"
        ),
        r"\1\2<hidden>",
    ),
    (re.compile(r"(amqp|mysql\+pymysql)://([^:/@\s]+):[^@\s]+@"), r"\1://\2:<hidden>@"),
)
_STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def masked(text: str) -> str:
    """`text` without full phones, identity numbers, tokens and passwords."""
    for pattern, replacement in _MASKS:
        text = pattern.sub(replacement, text)
    return text


class JsonFormatter(logging.Formatter):
    """One JSON object a line; `extra=` fields stand beside the text."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": clock.now().isoformat(),
            "level": record.levelname.lower(),
            "service": self._service,
            "logger": record.name,
            "call_id": call.current().call_id,
            "text": record.getMessage(),
        }
        line |= {k: str(v) for k, v in vars(record).items() if k not in _STANDARD}
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return masked(jsons.dumps(line).decode())


def setup(service: str, level: str = "INFO") -> None:
    """Send everything from `level` up to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(service))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.getLogger("nameko").setLevel(max(logging.WARNING, root.level))
    logging.getLogger("amqp").setLevel(max(logging.WARNING, root.level))
    logging.getLogger("urllib3").setLevel(max(logging.WARNING, root.level))
    logging.captureWarnings(True)
