from django.urls import path

from orbita.clients.privacy.own_page import views

urlpatterns = [
    path("my/<str:token>/", views.own_page, name="own-page"),
    path("clients/<int:pk>/privacy/link/", views.make, name="own-link"),
    path("clients/<int:pk>/privacy/link/revoke/", views.revoke, name="own-link-revoke"),
    path("requests/<int:pk>/accept/", views.accept, name="request-accept"),
]
