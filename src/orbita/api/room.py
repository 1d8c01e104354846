"""The api room."""

from orbita.api import privacy

privacy.register()
