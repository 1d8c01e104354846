"""Segments whose rules name other segments."""

from collections.abc import Mapping
from typing import Any


def segments_in(rule: Any) -> set[int]:
    """The segments a rule names directly."""
    if isinstance(rule, Mapping):
        if rule.get("fact") == "segment":
            value = rule.get("value")
            values = value if isinstance(value, list) else [value]
            return {int(str(item)) for item in values if str(item).isdigit()}
        return {found for inner in rule.values() for found in segments_in(inner)}
    if isinstance(rule, list | tuple):
        return {found for inner in rule for found in segments_in(inner)}
    return set()


def leans_on(rule: Any, rules: Mapping[int, Any]) -> set[int]:
    """The segments that a rule names, however far round, by the `rules` of all; also those that are
    there no more.
    """
    found, waiting = set[int](), segments_in(rule)
    while waiting:
        found |= waiting
        waiting = {one for each in waiting for one in segments_in(rules.get(each))} - found
    return found
