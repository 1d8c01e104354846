"""The API itself: where it stands, who may call it, how it refuses."""

from functools import cached_property
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from ninja import NinjaAPI
from ninja.openapi.docs import DocsBase

from orbita import __version__
from orbita.api.auth import PerUserThrottle, TokenAuth
from orbita.api.problems import CONTENT_TYPE, register_handlers

DESCRIPTION = """
Everything the pages can do with clients, orders, products, imports and RFM, under the same rights.

A token acts as its user, narrowed to the token's scopes. Lists take the filters of the pages as
`filter` and are paged by `cursor`. A POST with an `Idempotency-Key` takes effect once, however often
it arrives. Own fields of the business stand in `fields` by key; `GET /fields` tells what they are.
Errors are `application/problem+json`. Money is a decimal string in the currency beside
it; moments are ISO 8601 with an offset, days are `YYYY-MM-DD` in the company's time zone.
"""


class OfflineDocs(DocsBase):
    """The reference as a page of our own: no script, nothing from outside."""

    def render_page(self, request: HttpRequest, api: NinjaAPI, **kwargs: Any) -> HttpResponse:
        return render(request, "api/docs.html", {"groups": operation_groups(api)})


def operation_groups(api: NinjaAPI) -> list[dict[str, Any]]:
    """The operations of the OpenAPI document by tag, as the page shows them."""
    schema = api.get_openapi_schema()
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            tag = (operation.get("tags") or ["other"])[0]
            groups.setdefault(tag, []).append(
                {
                    "id": operation["operationId"],
                    "method": method.upper(),
                    "path": path,
                    "summary": operation.get("summary", ""),
                    "description": operation.get("description", ""),
                    "parameters": operation.get("parameters", []),
                    "body": _body_fields(schema, operation),
                    "answers": list(operation.get("responses", {})),
                }
            )
    return [{"name": name, "operations": found} for name, found in groups.items()]


def _body_fields(schema: dict[str, Any], operation: dict[str, Any]) -> list[dict[str, Any]]:
    content = operation.get("requestBody", {}).get("content", {})
    for media in content.values():
        reference = media.get("schema", {}).get("$ref", "")
        body = schema["components"]["schemas"].get(reference.rpartition("/")[2], media["schema"])
        required = set(body.get("required", []))
        return [
            {"name": name, "type": _type_of(field), "required": name in required}
            for name, field in body.get("properties", {}).items()
        ]
    return []


def _type_of(field: dict[str, Any]) -> str:
    if "anyOf" in field:
        return " | ".join(_type_of(option) for option in field["anyOf"])
    if "$ref" in field:
        return str(field["$ref"].rpartition("/")[2])
    if field.get("type") == "array":
        return f"{_type_of(field.get('items', {}))}[]"
    return str(field.get("format") or field.get("type") or "any")


class Api(NinjaAPI):
    @cached_property
    def _documents(self) -> dict[str, Any]:
        """By the address they stand under: half a second's work each."""
        return {}

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None
    ) -> Any:
        """The document, with refusals declared as what they are: problem+json."""
        prefix = path_prefix or self.get_root_path(path_params or {})
        if prefix not in self._documents:
            self._documents[prefix] = _with_problems(super().get_openapi_schema(path_prefix=prefix))
        return self._documents[prefix]


def _with_problems(schema: Any) -> Any:
    for operations in schema["paths"].values():
        for operation in operations.values():
            for status, answer in operation["responses"].items():
                if int(status) >= 400 and "application/json" in answer.get("content", {}):
                    content = answer["content"]
                    content[CONTENT_TYPE] = content.pop("application/json")
    return schema


api = Api(
    title="Orbita",
    version=__version__,
    description=DESCRIPTION,
    urls_namespace="api",
    auth=TokenAuth(),
    throttle=PerUserThrottle("1200/m"),
    docs=OfflineDocs(),
    docs_url="/docs",
)
register_handlers(api)
