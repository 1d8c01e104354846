"""The small form that adds or changes one condition. A page without scripts, a panel with them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from orbita.core.rules import FACTS, OPS, Fact, Rule, RuleError, compile_rule, may_use
from orbita.ui.lists.state import State, joined, members

FEW_CHOICES = 12
NO_VALUE = ("empty", "filled")
SEVERAL = ("in", "not_in")
IN_DAYS = ("last_days", "older_days")
# With a list to tick, "is" and "is not" say nothing that "is one of" does not.
REDUNDANT = {"choice": ("eq", "ne"), "ref": ("eq", "ne")}


@dataclass
class ConditionForm:
    """What the template shows: facts by groups, operators, and the fields of the value."""

    state: State
    fact: Fact | None
    op: str = ""
    values: list[str] = field(default_factory=list)
    editing: int | None = None
    error: str = ""

    @property
    def groups(self) -> list[tuple[str, list[Fact]]]:
        """The facts open to the actor, under their groups."""
        facts = [
            fact for fact in FACTS.of(self.state.spec.subject) if may_use(fact, self.state.actor)
        ]
        facts.sort(key=lambda fact: str(fact.group))
        return [(name, list(inside)) for name, inside in groupby(facts, key=lambda f: str(f.group))]

    @property
    def operators(self) -> list[tuple[str, str]]:
        if self.fact is None:
            return []
        dropped = REDUNDANT.get(self.fact.kind, ()) if self.fact.choices else ()
        return [(op, str(OPS[op])) for op in self.fact.operators if op not in dropped]

    @property
    def widget(self) -> str:
        """Which fields the value needs."""
        if self.fact is None or self.op in NO_VALUE:
            return ""
        if self.fact.kind == "bool":
            return "bool"
        if self.fact.choices:
            return "ticks" if len(self.choices) <= FEW_CHOICES else "many"
        if self.op in IN_DAYS:
            return "days"
        if self.op == "between":
            return "pair"
        return "text" if self.op in SEVERAL else "one"

    @property
    def input_type(self) -> str:
        return "date" if self.fact and self.fact.kind in ("date", "datetime") else "text"

    @property
    def input_mode(self) -> str:
        return "decimal" if self.fact and self.fact.kind in ("number", "money") else "text"

    @property
    def choices(self) -> list[tuple[str, str, bool]]:
        if self.fact is None or self.fact.choices is None:
            return []
        return [
            (str(value), str(label), str(value) in self.values)
            for value, label in self.fact.choices(self.state.actor)
        ]

    @property
    def first(self) -> str:
        return self.values[0] if self.values else ""

    @property
    def second(self) -> str:
        return self.values[1] if len(self.values) > 1 else ""

    @property
    def hidden(self) -> dict[str, str]:
        """What the form carries along."""
        kept = self.state.parameters()
        if self.editing is not None:
            kept["edit"] = str(self.editing)
        return kept

    def condition(self) -> Rule:
        """The condition that was filled in. Raises `RuleError`."""
        if self.fact is None:
            raise RuleError(_("Choose what to filter by."))
        found: dict[str, Any] = {"fact": self.fact.name, "op": self.op}
        if self.op in NO_VALUE:
            return found
        values: Sequence[str] = [value for value in self.values if value.strip()]
        if self.op in SEVERAL and not self.fact.choices:
            values = [part.strip() for value in values for part in value.split(",") if part.strip()]
        if not values:
            raise RuleError(_("Fill in the value."))
        found["value"] = (
            list(values) if self.op in SEVERAL or self.op == "between" else values[0].strip()
        )
        return found

    def applied(self) -> str:
        """The query of the list with the condition in it. Raises `RuleError`."""
        condition = self.condition()
        compile_rule(self.state.spec.subject, condition, actor=self.state.actor)
        parts = members(self.state.rule)
        if self.editing is None:
            parts.append(condition)
        else:
            parts[self.editing] = condition
        return self.state.query(rule=joined(parts))


def is_asked_for(parameters: Mapping[str, Any]) -> bool:
    return "add" in parameters or "edit" in parameters


def read_form(state: State, parameters: QueryDict) -> ConditionForm:
    """The form as the address says: empty, half filled, or showing a condition to change."""
    facts = FACTS.of(state.spec.subject)
    parts = members(state.rule)
    place = parameters.get("edit", "")
    editing = int(place) if place.isdecimal() and len(place) < 5 else None
    if editing is not None and editing >= len(parts):
        editing = None
    fact = facts.get(parameters.get("add", ""))
    if fact is not None and not may_use(fact, state.actor):
        fact = None
    if fact is None and editing is not None:
        return _showing(state, parts[editing], editing)
    form = ConditionForm(state, fact, editing=editing)
    known = [op for op, _label in form.operators]
    wanted = parameters.get("op", "")
    form.op = wanted if wanted in known else (known[0] if known else "")
    if wanted == form.op:
        form.values = [value.replace("\0", "")[:500] for value in parameters.getlist("value")[:200]]
    return form


def _showing(state: State, condition: Rule, editing: int) -> ConditionForm:
    fact = FACTS.of(state.spec.subject).get(str(condition.get("fact")))
    if fact is None or not may_use(fact, state.actor):
        return ConditionForm(state, None)
    value = condition.get("value")
    values = value if isinstance(value, list) else [value]
    op = str(condition.get("op", ""))
    form = ConditionForm(state, fact, op=op, editing=editing)
    if op in ("eq", "ne") and op not in [name for name, _label in form.operators]:
        form.op = "in" if op == "eq" else "not_in"
    form.values = [_as_typed(item) for item in values if item is not None]
    if form.widget == "text":
        form.values = [", ".join(form.values)]
    return form


def _as_typed(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
