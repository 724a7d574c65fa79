"""The gateway's events reach a queue of the real broker, or nobody says that they did."""

from collections.abc import Iterator

import amqp
import pytest

from gateway.telling import SOURCE, BrokerTeller, GatewayPublisher
from services.contracts.marketing import WechatEventReceived
from services.kernel import clock, topology
from services.kernel.dead import connect
from services.kernel.errors import Unavailable
from services.kernel.ids import derived_id, new_id
from services.kernel.wire import Envelope
from tests.support.servers import amqp_url, wait_until

pytestmark = pytest.mark.broker

EVENT_ID = derived_id("wechat", "wx1", "1")


@pytest.fixture
def publisher() -> Iterator[GatewayPublisher]:
    """Connected to the test's broker."""
    made = GatewayPublisher(amqp_url(), "gateway-test")
    made.start()
    wait_until(lambda: made.link.is_open)
    yield made
    made.stop()


@pytest.fixture
def channel() -> Iterator[amqp.Channel]:
    """A channel of somebody else."""
    connection = connect(amqp_url())
    yield connection.channel()
    connection.close()


def event() -> WechatEventReceived:
    """Somebody has followed the account."""
    return WechatEventReceived(
        aggregate_id=EVENT_ID, app_id="wx1", openid="o1", kind="subscribe", created_at=clock.now()
    )


def test_an_event_lies_in_the_queue_when_tell_returns(
    publisher: GatewayPublisher, channel: amqp.Channel
) -> None:
    queue = f"test-{new_id()}"
    channel.queue_declare(queue, exclusive=True)
    channel.queue_bind(queue, topology.events_exchange(SOURCE), WechatEventReceived.name)
    BrokerTeller(publisher).tell(event(), EVENT_ID)
    message = channel.basic_get(queue, no_ack=True)
    assert message is not None
    envelope = Envelope.model_validate_json(message.body)
    assert (envelope.id, envelope.name, envelope.source) == (EVENT_ID, event().name, SOURCE)
    assert message.properties["delivery_mode"] == 2
    assert message.properties["message_id"] == EVENT_ID


def test_without_a_listener_it_is_not_said_to_be_told(publisher: GatewayPublisher) -> None:
    with pytest.raises(Unavailable):
        BrokerTeller(publisher).tell(event(), EVENT_ID)


def test_without_a_broker_it_is_not_said_to_be_told() -> None:
    lost = GatewayPublisher("amqp://nobody:nothing@127.0.0.1:1/", "gateway-test")
    with pytest.raises(Unavailable):
        BrokerTeller(lost).tell(event(), EVENT_ID)
