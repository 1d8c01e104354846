from django.urls import path

from orbita.clients.privacy.incidents import views

urlpatterns = [
    path("settings/incidents/", views.incidents, name="incidents"),
    path("settings/incidents/new/", views.edit, name="incident-new"),
    path("settings/incidents/<int:pk>/", views.incident, name="incident"),
    path("settings/incidents/<int:pk>/edit/", views.edit, name="incident-edit"),
    path("settings/incidents/<int:pk>/sent/<slug:clock>/", views.sent, name="incident-sent"),
    path("settings/incidents/<int:pk>/close/", views.close, name="incident-close"),
]
