from django.urls import path

from orbita.clients.privacy.requests import views

urlpatterns = [
    path("requests/", views.register, name="requests"),
    path("requests/new/", views.new, name="request-new"),
    path("requests/<int:pk>/", views.card, name="request"),
    path("requests/<int:pk>/client/", views.client, name="request-client"),
    path("requests/<int:pk>/responsible/", views.responsible, name="request-responsible"),
    path("requests/<int:pk>/letter/<slug:purpose>/", views.letter, name="request-letter"),
    path("requests/<int:pk>/copy/", views.copy, name="request-copy"),
    path("requests/<int:pk>/stop/", views.stop, name="request-stop"),
    path("requests/<int:pk>/reopen/", views.reopen, name="request-reopen"),
    path("settings/privacy/requests/", views.rules, name="request-rules"),
    path("settings/calendar/", views.work_calendar, name="work-calendar"),
    path("settings/calendar/<slug:day>/forget/", views.forget_day, name="work-calendar-forget"),
]
