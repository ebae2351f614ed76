"""Why something stands as it stands, for the API and the page."""

from gridward.api.gateway import Gateway
from gridward.audit.why import contactor, setting, why
from gridward.page.figures import at_clock

SPAN = 90 * 86400.0


async def told_why(gateway: Gateway, what: str, entity: str | None) -> list[str]:
    """Sentences from the audit; the newest change within 90 days. Raises OSError as the store does."""
    relay = gateway.site.roles.get("grid_switch", "contactor")
    subject = contactor(relay) if entity is None else setting(what, entity)
    wanted = (subject.stands, *subject.leads)
    now, zone = gateway.clock.time(), gateway.site.time_zone
    events = await gateway.past.events(
        now - SPAN, now + 60, lambda event: event.content.get("what") in wanted, 500
    )
    return why(subject, events, now, lambda at: at_clock(at, zone, now))
