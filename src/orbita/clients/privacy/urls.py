from django.urls import path

from orbita.clients.privacy import views
from orbita.clients.privacy.incidents.urls import urlpatterns as incidents
from orbita.clients.privacy.own_page.urls import urlpatterns as own_page
from orbita.clients.privacy.purposes.urls import urlpatterns as purposes
from orbita.clients.privacy.requests.urls import urlpatterns as requests
from orbita.clients.privacy.retention.urls import urlpatterns as retention

urlpatterns = [
    path("clients/<int:pk>/privacy/", views.client_privacy, name="privacy"),
    path("clients/<int:pk>/privacy/answer/", views.consent_new, name="consent-new"),
    path("clients/<int:pk>/privacy/copy/", views.copy, name="privacy-copy"),
    path("clients/<int:pk>/privacy/hold/", views.hold, name="privacy-hold"),
    path("clients/<int:pk>/privacy/hold/<int:hold>/", views.release, name="privacy-release"),
    path("clients/<int:pk>/privacy/erase/", views.erase, name="privacy-erase"),
    path("settings/privacy/", views.erasures, name="erasures"),
    path("settings/privacy/<int:pk>/", views.erasure, name="erasure"),
    path("settings/privacy/texts/", views.consent_texts, name="consent-texts"),
    *requests,
    *own_page,
    *retention,
    *purposes,
    *incidents,
]
