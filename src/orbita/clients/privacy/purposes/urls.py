from django.urls import path

from orbita.clients.privacy.purposes import views

urlpatterns = [
    path("settings/purposes/", views.purposes, name="purposes"),
    path("settings/purposes/new/", views.edit, name="purpose-new"),
    path("settings/purposes/ready/", views.ready, name="purposes-ready"),
    path("settings/purposes/document/", views.document, name="purposes-document"),
    path("settings/purposes/<int:pk>/", views.edit, name="purpose"),
    path("settings/purposes/<int:pk>/archive/", views.archive, name="purpose-archive"),
]
