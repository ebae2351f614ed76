"""A press on its way: the question before it, the words while it is answered."""

from collections.abc import AsyncIterator

from nicegui import ui

from gridward.api.gateway import Caller, Gateway
from gridward.page import sentences
from gridward.page.parts import Tag
from gridward.page.sentences import Said
from gridward_kit.point import Value


async def answers(
    gateway: Gateway, caller: Caller, device: str, key: str, value: Value
) -> AsyncIterator[Said]:
    """Send a command and tell each of its answers; nothing is sent for one who may not, or not any more."""
    if not gateway.welcome(caller):
        yield Said("Not sent: you are logged out. Load the page again.", "fault")
        return
    if (refusal := gateway.refusal(caller, device, key)) is not None:
        yield Said(f"Not sent: {refusal}.", "fault")
        return
    if (wait := gateway.too_fast(caller)) > 0:
        yield Said(f"Not sent: too many commands. Try again in {max(1, round(wait))} s.", "fault")
        return
    yield Said("Asked", "asked")
    began = gateway.clock.monotonic()
    async for result in gateway.commands.ask(device, key, value, caller.by):
        took = gateway.clock.monotonic() - began
        yield sentences.outcome(result.status, result.value, result.reason, took)


async def asked_once(title: str, question: str) -> bool:
    """Say in a sentence what will happen and wait for yes or no; who presses twice by mistake says no."""
    with ui.dialog() as dialog, Tag("div", dress="card", role="alertdialog", aria_label=title):
        Tag("h2", title)
        Tag("p", question)
        with Tag("div", dress="actions"):
            leave = Tag("button", "Leave it", "button", type="button", autofocus=True)
            leave.on("click", lambda: dialog.submit(False))
            Tag("button", "Do it", "button main", type="button").on("click", lambda: dialog.submit(True))
    dialog.on("hide", dialog.delete)  # by then the keyboard is back where it was
    return await dialog is True
