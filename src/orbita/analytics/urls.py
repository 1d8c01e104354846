from django.urls import path

from orbita.analytics import views

app_name = "analytics"
urlpatterns = [
    path("rfm/", views.rfm, name="rfm"),
    path("rfm/moves/", views.moves, name="rfm-moves"),
    path("settings/rfm/", views.settings, name="rfm-settings"),
    path("settings/rfm/undo/<int:pk>/", views.undo_settings, name="rfm-settings-undo"),
    path("rfm/refresh/", views.refresh, name="rfm-refresh"),
    path("rfm/progress/", views.progress, name="rfm-progress"),
]
