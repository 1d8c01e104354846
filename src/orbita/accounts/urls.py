from django.urls import path

from orbita.accounts import views

app_name = "accounts"
urlpatterns = [
    path("sign-in/", views.sign_in, name="sign-in"),
    path("sign-out/", views.sign_out, name="sign-out"),
    path("sign-in/forgot/", views.forgot, name="forgot"),
    path("set-up/<str:token>/", views.set_up, name="set-up"),
    path("invitation/<str:token>/", views.invitation, name="invitation"),
    path("profile/", views.profile, name="profile"),
    path("profile/password/", views.password, name="password"),
    path("profile/sessions/", views.sessions, name="sessions"),
    path("profile/sessions/end-others/", views.end_other_sessions, name="end-other-sessions"),
    path("profile/sessions/<str:mark>/end/", views.end_session, name="end-session"),
    path("profile/absences/", views.absences, name="absences"),
    path("profile/absences/<int:pk>/end/", views.end_absence, name="end-absence"),
    path("profile/tokens/", views.tokens, name="tokens"),
    path("profile/tokens/<int:pk>/revoke/", views.revoke_token, name="revoke-token"),
    path("settings/", views.settings, name="settings"),
    path("settings/users/", views.users, name="users"),
    path("settings/users/new/", views.invite_person, name="invite"),
    path("settings/users/<int:pk>/", views.edit_user, name="user"),
    path("settings/users/<int:pk>/invite/", views.invite_again, name="invite-again"),
    path("settings/teams/", views.teams, name="teams"),
    path("settings/teams/<int:pk>/", views.edit_team, name="team"),
    path("settings/roles/", views.roles, name="roles"),
    path("settings/company/", views.company, name="company"),
    path("settings/jobs/", views.jobs, name="jobs"),
    path("settings/jobs/<int:pk>/retry/", views.retry_job, name="retry-job"),
    path("settings/mail/", views.mail, name="mail"),
    path("settings/mail/<int:pk>/send-again/", views.send_again, name="send-again"),
]
