"""Tags that every template has without loading."""

from typing import Any

from django import template
from django.forms import BoundField
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from orbita.accounts.tabs import groups_for
from orbita.ui import formats
from orbita.ui import icons as sprite
from orbita.ui.forms import dress

register = template.Library()

register.simple_tag(sprite.icon_url)
register.simple_tag(sprite.icon)
register.filter(formats.money)
register.filter(formats.number)
register.filter(formats.ago)
register.filter(formats.day)
register.filter(formats.full_moment)
register.filter(formats.percent)
register.filter(formats.file_size)


@register.simple_tag
def asset(path: str) -> str:
    return static(f"ui/{path}")


@register.simple_tag
def avatar(person: Any, css: str = "") -> SafeString:
    """A round badge with initials; the name is in its title and is read out."""
    return sprite.avatar(str(person), getattr(person, "pk", None), css)


@register.simple_tag
def field(bound: BoundField, css: str = "") -> SafeString:
    """A field with its label, help and errors; forms of the rooms below get our looks here."""
    dress(bound.field)
    return render_to_string("ui/field.html", {"field": bound, "css": css})


@register.simple_tag
def form_errors(form: Any) -> SafeString:
    """The summary of a form's errors, with a link to each field; empty when there are none."""
    if not form.errors:
        return SafeString("")
    return render_to_string("ui/form_errors.html", {"form": form})


@register.inclusion_tag("ui/settings_tabs.html", takes_context=True)
def settings_tabs(context: template.Context, current: str) -> dict[str, Any]:
    """The settings that the user may open, with the place of this page among them."""
    return {"groups": groups_for(context["request"].user, current), "tab": current}


@register.simple_tag
def attr(name: str, value: Any) -> SafeString:
    """` name="value"` when the value is there, nothing otherwise."""
    return format_html(' {}="{}"', SafeString(name), value) if value else SafeString("")


@register.simple_tag(takes_context=True)
def query(context: template.Context, **changes: Any) -> str:
    """The query string of this page with some parameters changed; None removes one."""
    parameters = context["request"].GET.copy()
    for name, value in changes.items():
        if value is None:
            parameters.pop(name, None)
        else:
            parameters[name] = str(value)
    return f"?{parameters.urlencode()}"
