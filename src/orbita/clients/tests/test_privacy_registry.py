"""Every table says what it keeps of people: one that nobody has spoken of fails here."""

from typing import Any

import pytest
from django.apps import apps
from django.db import models

from orbita.clients.models import Client
from orbita.clients.privacy.registry import SETTLED, TRACES, personal_tables

pytestmark = pytest.mark.no_database
TEXT = (models.CharField, models.TextField, models.JSONField, models.BinaryField, models.FileField)


def tables() -> list[Any]:
    return [model for model in apps.get_models(include_auto_created=True) if model._meta.managed]


def texts(model: Any) -> set[str]:
    """Columns that anybody can write anything into: a choice from a list says nothing new."""
    return {
        field.name
        for field in model._meta.concrete_fields
        if isinstance(field, TEXT) and not field.choices
    }


def settled() -> set[Any]:
    return {model for kind in SETTLED for model in kind.models}


def known() -> set[Any]:
    return {one.model for one in personal_tables()} | {one.model for one in TRACES}


def test_every_table_that_leads_to_a_client_says_how_it_is_erased() -> None:
    leading = {
        model
        for model in tables()
        for field in model._meta.concrete_fields
        if field.is_relation and field.related_model is Client
    }
    personal = {one.model for one in personal_tables()}
    assert sorted(model._meta.label for model in leading - personal) == []


def test_every_column_of_text_is_erased_looked_through_or_settled() -> None:
    unspoken = [model._meta.label for model in tables() if texts(model)]
    unspoken = [label for label in unspoken if apps.get_model(label) not in known() | settled()]
    assert unspoken == []


def test_what_stays_of_a_row_is_named_column_by_column() -> None:
    silent = {}
    for table in personal_tables():
        if table.empty is not None:
            left = texts(table.model) - set(table.empty) - set(table.stay)
            looked = {c for one in TRACES if one.model is table.model for c in one.columns}
            if left - looked:
                silent[table.name] = sorted(left - looked)
    for trace in TRACES:
        left = texts(trace.model) - set(trace.columns) - set(trace.stay)
        if trace.empty is not None and left:
            silent[trace.name] = sorted(left)
    assert silent == {}


def test_nothing_is_both_settled_and_erased() -> None:
    assert sorted(model._meta.label for model in settled() & known()) == []


def test_what_a_copy_shows_are_columns_that_exist() -> None:
    for table in personal_tables():
        for name in table.told:
            assert table.model._meta.get_field(name), f"{table.name}.{name}"
