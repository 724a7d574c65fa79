"""What the admin API is asked with: JSON bodies and numbers of the query, or a refusal."""

from typing import Any

from flask import request

ROWS_MAX = 10_000


class Refused(Exception):
    """The admin API's own refusal."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def body_object() -> dict[str, Any]:
    """The body, empty when there is none."""
    value = request.get_json(force=True, silent=True) if request.get_data() else {}
    if not isinstance(value, dict):
        raise Refused(400, "bad_body", "a JSON object")
    return value


def body_text(body: dict[str, Any], name: str) -> str:
    """A text that must be there."""
    value = body.get(name)
    if not isinstance(value, str) or not value or len(value) > 2000:
        raise Refused(400, "bad_body", f"{name}: a text of 1 to 2000 characters")
    return value


def query_number(name: str, default: int) -> int:
    """A number of the query, for a LIMIT at most ROWS_MAX."""
    value = request.args.get(name, str(default))
    if not value.isdigit():
        raise Refused(400, "bad_query", f"{name}: a number")
    return min(int(value), ROWS_MAX) if name == "limit" else int(value)
