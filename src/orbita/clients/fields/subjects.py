"""Whose the fields are: the model of each subject. Upper rooms add theirs from `room.py`."""

from django.db.models import Model

_MODELS: dict[str, type[Model]] = {}


def register_subject(subject: str, model: type[Model]) -> None:
    _MODELS[subject] = model


def subjects() -> list[str]:
    """The subjects that have a column for own fields, in the order of their rooms."""
    return list(_MODELS)


def model_of(subject: str) -> type[Model]:
    return _MODELS[subject]
