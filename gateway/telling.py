"""The gateway's own events: told to the broker, and said to be told only when a queue has them."""

import amqp

from services.kernel import call, clock, jsons
from services.kernel.declarations import declare_events_exchange
from services.kernel.errors import Unavailable
from services.kernel.publisher import ConfirmedPublisher, Outgoing
from services.kernel.topology import events_exchange
from services.kernel.wire import Envelope, Event

SOURCE = "gateway"
CONFIRM_TIMEOUT_S = 3.0
"""WeChat waits five seconds for its answer."""


class GatewayPublisher(ConfirmedPublisher):
    """Declares the gateway's own exchange first: its listeners wait until it is there."""

    def _opened(self, channel: amqp.Channel) -> None:
        declare_events_exchange(channel, SOURCE)
        super()._opened(channel)


class BrokerTeller:
    """Publishes one event, persistent and mandatory, and waits for the broker's word."""

    def __init__(self, publisher: ConfirmedPublisher) -> None:
        self._publisher = publisher

    def tell(self, event: Event, event_id: str) -> None:
        """Return only when a queue has the event; Unavailable otherwise.

        The same `event_id` is the same event to every consumer: a repeat is dropped there.
        """
        envelope = Envelope(
            id=event_id,
            name=event.name,
            source=event.source,
            occurred_at=clock.now(),
            call_id=call.current().call_id,
            data=event.model_dump(mode="json"),
        )
        body = jsons.dumps(envelope.model_dump(mode="json"))
        message = Outgoing(events_exchange(event.source), event.name, body, event_id)
        taken = self._publisher.publish([message], timeout_s=CONFIRM_TIMEOUT_S)
        if event_id not in taken:
            raise Unavailable(f"no queue took {event.name}")
