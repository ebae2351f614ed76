"""amqtt's broker as this gateway runs it. Loaded only by who runs one: 5 MB, and a tenth of a start."""

from amqtt.broker import Broker as Amqtt
from amqtt.session import Session


class Embedded(Amqtt):  # type: ignore[misc] # it has no types
    """Gives a client retained messages of what it subscribed itself; amqtt's own, of what anybody did."""

    async def _publish_retained_messages_for_subscription(
        self, subscription: tuple[str, int], session: Session
    ) -> None:
        if any(one is session for one, _ in self._subscriptions.get(subscription[0], ())):
            await super()._publish_retained_messages_for_subscription(subscription, session)
