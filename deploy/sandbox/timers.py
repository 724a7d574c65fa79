"""Work for later, done by a few threads: due at once means done within a few milliseconds."""

import heapq
import logging
import threading
import time
from collections.abc import Callable
from itertools import count

log = logging.getLogger(__name__)


class Timers:
    """A heap of moments and actions; `close` lets running actions end and drops the rest."""

    def __init__(self, threads: int) -> None:
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self._wake = threading.Condition()
        self._closed = False
        self._threads = [
            threading.Thread(target=self._work, name=f"timer-{n}", daemon=True)
            for n in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def after(self, delay_s: float, action: Callable[[], None]) -> None:
        """Run `action` in `delay_s` seconds, in one of the threads."""
        with self._wake:
            heapq.heappush(self._heap, (time.monotonic() + delay_s, next(self._order), action))
            self._wake.notify()

    def clear(self) -> None:
        """Forget what is not yet due."""
        with self._wake:
            self._heap.clear()

    def close(self, timeout_s: float = 6.0) -> None:
        """Stop taking work and wait for what runs."""
        with self._wake:
            self._closed = True
            self._heap.clear()
            self._wake.notify_all()
        for thread in self._threads:
            thread.join(timeout_s)

    def _work(self) -> None:
        while (action := self._next()) is not None:
            try:
                action()
            except Exception:
                log.exception("a timed action failed")

    def _next(self) -> Callable[[], None] | None:
        with self._wake:
            while not self._closed:
                if not self._heap:
                    self._wake.wait()
                    continue
                wait_s = self._heap[0][0] - time.monotonic()
                if wait_s <= 0:
                    return heapq.heappop(self._heap)[2]
                self._wake.wait(wait_s)
            return None
