import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orbita.config.settings")
application = get_wsgi_application()

from orbita.accounts import watching  # noqa: E402 - models are there from here on

watching.start()
