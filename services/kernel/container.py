"""nameko's container with a lean way to run a worker.

Stock nameko spawns two green threads and writes a dozen log records and timers for each message.
Here a worker is one green thread; dependencies keep all their hooks. Nothing that goes wrong in a
worker, in its dependencies included, can kill the container: it becomes the call's own error.
"""

import sys
from collections.abc import Callable
from typing import Any

from nameko.containers import ServiceContainer, WorkerContext
from nameko.exceptions import ContainerBeingKilled

HandleResult = Callable[[Any, Any, Any], tuple[Any, Any]]


class LeanContainer(ServiceContainer):
    """`SERVICE_CONTAINER_CLS`: entrypoints may bring `invoke(method, *args)` of their own."""

    def spawn_worker(
        self,
        entrypoint: Any,
        args: Any,
        kwargs: Any,
        context_data: dict[str, Any] | None = None,
        handle_result: HandleResult | None = None,
    ) -> None:
        if self._being_killed:
            raise ContainerBeingKilled()
        self._worker_pool.spawn_n(
            self._run_lean, entrypoint, args, kwargs, context_data, handle_result
        )

    def _run_lean(
        self,
        entrypoint: Any,
        args: Any,
        kwargs: Any,
        context_data: dict[str, Any] | None,
        handle_result: HandleResult | None,
    ) -> None:
        worker = result = exc_info = None
        try:
            worker = WorkerContext(
                self, self.service_cls(), entrypoint, args, kwargs, data=context_data
            )
            for dependency in self.dependencies:
                value = dependency.get_dependency(worker)
                setattr(worker.service, dependency.attr_name, value)
            for dependency in self.dependencies:
                dependency.worker_setup(worker)
            method = getattr(worker.service, entrypoint.method_name)
            invoke = getattr(entrypoint, "invoke", None)
            result = invoke(method, *args) if invoke else method(*args, **kwargs)
        except Exception:  # noqa: BLE001 - handed to the entrypoint, which answers, logs or retries
            exc_info = sys.exc_info()
        if handle_result is not None:
            result, exc_info = handle_result(worker, result, exc_info)
        if worker is not None:
            self._finish(worker, result, exc_info)

    def _finish(self, worker: Any, result: Any, exc_info: Any) -> None:
        for dependency in self.dependencies:
            dependency.worker_result(worker, result, exc_info)
        for dependency in self.dependencies:
            dependency.worker_teardown(worker)
