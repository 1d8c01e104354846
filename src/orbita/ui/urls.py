from django.urls import path

from orbita.ui import views

app_name = "ui"
urlpatterns = [
    path("search/", views.search, name="search"),
    path("search/palette/", views.palette, name="palette"),
    path("menu/", views.more, name="more"),
    path("preferences/", views.preferences, name="preferences"),
    path("ui/views/<int:pk>/restore/", views.restore_view, name="restore-view"),
    path("ui/components/", views.components, name="components"),
    path("ui/components/list/", views.components_list, name="components-list"),
    path("ui/components/dialog/", views.components_dialog, name="components-dialog"),
]
