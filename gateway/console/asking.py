"""Several services at once, for a page that shows what is known and names who is silent."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

from services.kernel.errors import Refused, Unavailable

THREADS = 12

_pool = ThreadPoolExecutor(THREADS, thread_name_prefix="ask")


def ask_all(questions: Mapping[str, Callable[[], Any]]) -> tuple[dict[str, Any], list[str]]:
    """Name → answer (None when refused or silent), and the names of the silent ones."""
    # Each question travels in its own copy of the present call: a context runs in one thread.
    asked = {
        name: _pool.submit(copy_context().run, question) for name, question in questions.items()
    }
    answers: dict[str, Any] = {}
    silent: list[str] = []
    for name, future in asked.items():
        try:
            answers[name] = future.result()
        except Refused:
            answers[name] = None
        except Unavailable:
            answers[name] = None
            silent.append(name)
    return answers, silent
