"""The rules: what they propose, what is decided of each output and by whom, what each rule waits for."""

from gridward.api.gateway import Caller, Gateway
from gridward.page import rulewords
from gridward.page.asking import answers
from gridward.page.parts import Tag
from gridward.page.settings import Field, settable
from gridward.page.shell import every_second
from gridward.rules import asked
from gridward.rules.holds import ALL
from gridward.rules.proposals import APPROVE, DECLINE
from gridward_kit.kept import Json

DEVICE = "rules"
Row = dict[str, Json]


def rules(gateway: Gateway, caller: Caller) -> None:
    """Proposals first, then the outputs, then the rules."""
    if gateway.site.rules.grid_switch is None:
        with Tag("section", dress="card"):
            Tag("p", "No rules of this site decide anything. Add `rules:` to the site file.", "empty")
        return
    parts = (_Proposals(gateway, caller), _Outputs(gateway, caller), _Rules(gateway))

    def look() -> None:
        for part in parts:
            part.look()

    every_second(look)


class _Proposals:
    """What waits for a person; made anew when another proposal comes or one is gone."""

    def __init__(self, gateway: Gateway, caller: Caller) -> None:
        self._gateway, self._caller = gateway, caller
        self._shown: list[str] = []
        self._waits: dict[str, Tag] = {}
        self._buttons: list[Tag] = []
        with Tag("section", dress="card control", id="proposals", aria_label="Proposals"):
            Tag("h2", "Proposals")
            self._empty = Tag("p", "Nothing is proposed now.", "empty")
            self._list = Tag("div", dress="same proposals")
            self._words = Tag("p", dress="gone", role="status")

    def look(self) -> None:
        """Show those that are open now."""
        found = asked.proposals(self._gateway.live.rules)
        wanted = [f"{one.get('id')} {one.get('status')}" for one in found]
        if wanted != self._shown:
            self._shown, self._waits, self._buttons = wanted, {}, []
            self._list.clear()
            with self._list:
                for one in found:
                    self._one(one)
        self._empty.dress("gone" if found else "empty")
        now = self._gateway.clock.time()
        for one in found:
            self._waits[str(one.get("id"))].say(rulewords.waits(one, now))

    def _one(self, one: Row) -> None:
        identifier = str(one.get("id"))
        with Tag("article", dress="proposal", data_proposal=identifier):
            with Tag("div", dress="title"):
                before, value = rulewords.value(one, "before"), rulewords.value(one, "value")
                Tag("h3", f"{rulewords.text(one, 'output')}: {before} → {value}")
                Tag("span", f"by {rulewords.text(one, 'rule')}", "soft small")
            Tag("p", rulewords.text(one, "reason"))
            self._waits[identifier] = Tag("p", dress="soft small")
            if rulewords.text(one, "status") == "open":
                with Tag("div", dress="actions"):
                    self._button("Decline", "button", one, DECLINE)
                    self._button("Approve", "button main", one, APPROVE)

    def _button(self, word: str, dress: str, one: Row, said: str) -> None:
        label = f"{word} {rulewords.text(one, 'output')} {rulewords.value(one, 'value')}"
        button = Tag("button", word, dress, type="button", data_answer=said, aria_label=label)
        button.on("click", lambda _: self._answer(str(one.get("id")), said))
        self._buttons.append(button)

    async def _answer(self, identifier: str, said: str) -> None:
        wish = asked.answer(self._gateway.live.rules, identifier, said)
        if wish is None:
            return
        for button in self._buttons:
            button.set(disabled=True)
        async for told in answers(self._gateway, self._caller, DEVICE, wish.entity, wish.value):
            done = f"{said.capitalize()}d." if told.tone == "good" else told.text
            self._words.say(done)
            self._words.dress(f"told small {told.tone}")
        for button in self._buttons:
            button.set(disabled=False)
        self.look()


class _Outputs:
    """Each output: what is decided, who won and lost, and a person's word over it."""

    def __init__(self, gateway: Gateway, caller: Caller) -> None:
        self._gateway, self._caller = gateway, caller
        self._shown: list[str] | None = None
        self._rows: dict[str, tuple[Tag, Tag, Tag, Tag]] = {}
        with Tag("section", dress="card control", id="outputs", aria_label="What is decided"):
            with Tag("div", dress="title"):
                Tag("h2", "What is decided")
                self._policy = Tag("span", dress="soft small")
            self._all = Tag("p", dress="gone")
            self._table = Tag("table", dress="rows outputs")

    def look(self) -> None:
        """Show what is decided now."""
        live, now = self._gateway.live, self._gateway.clock.time()
        outputs, overrides = asked.named(live.rules, "outputs"), asked.named(live.rules, "overrides")
        told = live.rules.get("decisions", {})
        mode, policy = rulewords.text(told, "mode"), rulewords.text(told, "policy")
        self._policy.say(f"{policy}, {mode}" if policy else "")
        everything = overrides.get("all")
        self._all.say(
            "" if everything is None else f"All outputs: {rulewords.held(everything, now).lower()}."
        )
        self._all.dress("gone" if everything is None else "told small warning")
        ready = ALL in live.devices[DEVICE].entities if DEVICE in live.devices else False
        wanted = [*outputs, str(ready)]
        if wanted != self._shown:
            self._shown = wanted
            self._make(outputs, ready=ready)
        for said, (decision, who, reason, word) in self._rows.items():
            one = outputs[said]
            told_now = rulewords.decided(one)
            decision.say(told_now.text)
            decision.dress(f"mark {told_now.tone}")
            who.say(rulewords.parties(one))
            reason.say(rulewords.text(one, "reason") if one.get("code") != "nothing" else "")
            held = overrides.get(said)
            word.say("" if held is None else rulewords.held(held, now))
            word.dress("gone" if held is None else "told small warning")

    def _make(self, outputs: dict[str, Row], *, ready: bool) -> None:
        self._table.clear()
        self._rows = {}
        with self._table, Tag("tbody"):
            for said, one in outputs.items():
                with Tag("tr"):
                    with Tag("td"):
                        Tag("strong", said)
                        with Tag("p"):
                            decision = Tag("span", dress="mark")
                        reason, who = Tag("p", dress="soft small"), Tag("p", dress="soft small")
                    with Tag("td", dress="reading"):
                        word = Tag("p", dress="gone")
                        stem = f"{one.get('device')}_{one.get('key')}"
                        for key in (f"{stem}_override", f"{stem}_forced") if ready else ():
                            self._field(key)
                    self._rows[said] = (decision, who, reason, word)
            if ready:
                with Tag("tr"):
                    with Tag("td"):
                        Tag("strong", "All automatic writes")
                        Tag(
                            "p",
                            "Stopped, every output stays as it stands and the grid is connected.",
                            "soft small",
                        )
                    with Tag("td", dress="reading"):
                        self._field(ALL)

    def _field(self, key: str) -> None:
        known = self._gateway.live.devices[DEVICE]
        row = known.entities.get(key)
        if row is not None and settable(known, row):
            Field(self._gateway, self._caller, DEVICE, key, row)


class _Rules:
    """Every rule in the order of the file."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._rows: dict[str, tuple[Tag, Tag]] = {}
        self._shown: list[Row] = []
        with Tag("section", dress="card control", id="rules", aria_label="Rules"):
            Tag("h2", "Rules")
            self._empty = Tag("p", dress="empty")
            with Tag("table", dress="rows rules"):
                self._body = Tag("tbody")

    def look(self) -> None:
        """Show what each waits for now."""
        found = asked.rules(self._gateway.live.rules)
        fixed = ("id", "says", "asks", "criticality", "level", "outputs")
        steady = [{key: one.get(key) for key in fixed} for one in found]
        if steady != self._shown:
            self._shown = steady
            self._make(found)
        self._empty.dress("gone" if found else "empty")
        policy = self._gateway.live.rules.get("decisions")
        self._empty.say(
            "This site's file names no policy: only the grid switch decides."
            if policy
            else "The rules have told nothing yet."
        )
        now = self._gateway.clock.time()
        for one in found:
            state, acted = self._rows[str(one.get("id"))]
            told = rulewords.state(one)
            state.say(told.text)
            state.dress(f"mark {told.tone}")
            acted.say(rulewords.acted(one, now))

    def _make(self, found: list[Row]) -> None:
        self._body.clear()
        self._rows = {}
        with self._body:
            for one in found:
                with Tag("tr", data_rule=str(one.get("id"))):
                    with Tag("td"):
                        Tag("strong", str(one.get("id")).replace("_", " "))
                        Tag("p", rulewords.text(one, "says"))
                        Tag("p", f"When {rulewords.text(one, 'asks')}.", "soft small")
                    with Tag("td", dress="standing"):
                        state = Tag("span", dress="mark")
                        Tag("p", f"{one.get('criticality')}, level {one.get('level')}", "soft small")
                        acted = Tag("p", dress="soft small")
                    self._rows[str(one.get("id"))] = (state, acted)
