from django.urls import path

from orbita.clients.privacy.retention import views

urlpatterns = [
    path("settings/retention/", views.rules, name="retention"),
    path("settings/retention/new/", views.rule_edit, name="retention-new"),
    path("settings/retention/<int:pk>/", views.rule, name="retention-rule"),
    path("settings/retention/<int:pk>/edit/", views.rule_edit, name="retention-edit"),
    path("settings/retention/<int:pk>/switch/", views.switch, name="retention-switch"),
    path("settings/retention/<int:pk>/run/", views.run_now, name="retention-run-now"),
    path("settings/retention/<int:pk>/archive/", views.archive, name="retention-archive"),
    path("settings/retention/runs/<int:pk>/", views.run, name="retention-run"),
    path("settings/retention/runs/<int:pk>/stop/", views.stop, name="retention-stop"),
]
