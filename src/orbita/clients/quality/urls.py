from django.urls import path

from orbita.clients.quality import views

urlpatterns = [
    path("clients/<int:pk>/contacts/<int:contact>/mark/", views.contact, name="contact-mark"),
    path("clients/<int:pk>/confirm/", views.confirm, name="confirm"),
    path("clients/<int:pk>/fix/", views.fix, name="fix"),
    path("clients/<int:pk>/dead/", views.dead, name="dead"),
    path("quality/", views.state, name="quality"),
    path("quality/count/", views.count, name="quality-count"),
    path("quality/repair/<slug:name>/", views.repair, name="repair"),
    path("quality/repairs/<int:pk>/", views.repair_result, name="repair-result"),
    path("quality/repairs/<int:pk>/undo/", views.repair_undo, name="repair-undo"),
    path("settings/quality/", views.settings, name="quality-settings"),
    path("settings/quality/undo/<int:pk>/", views.undo_settings, name="quality-settings-undo"),
]
