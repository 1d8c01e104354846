import os

from orbita.core.starting import starting

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orbita.config.settings")
with starting():
    from django.core.wsgi import get_wsgi_application
    from django.urls import get_resolver

    application = get_wsgi_application()
    # The pages are loaded now, or the first visitor would wait for them.
    _ = get_resolver().url_patterns

from orbita.accounts import watching

watching.start()
