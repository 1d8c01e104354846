from django.urls import URLPattern, path

from orbita.accounts.middleware import public
from orbita.api.app import api
from orbita.api.routes import ROUTERS

for prefix, router in ROUTERS.items():
    api.add_router(prefix, router)

_patterns, _app, _namespace = api.urls
for _pattern in _patterns:
    # Operations ask for a token themselves; only the reference is for people who signed in.
    if isinstance(_pattern, URLPattern) and _pattern.name != "openapi-view":
        public(_pattern.callback)

urlpatterns = [path("api/v1/", (_patterns, _app, _namespace))]
