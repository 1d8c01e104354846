from django.urls import path

from orbita.work.views import board, deals, lists, pipelines

app_name = "work"
urlpatterns = [
    path("deals/list/", lists.deals, name="deals"),
    path("deals/list/assign/", lists.deals_assign, name="deals-assign"),
    path("deals/bin/", lists.deals_bin, name="deals-bin"),
    path("deals/undelete/<int:moment>/", lists.deals_undelete, name="deals-undelete"),
    path("deals/", board.deals, name="deals-home"),
    path("deals/board/<int:pk>/", board.board, name="board"),
    path("deals/new/", deals.deal_new, name="deal-new"),
    path("deals/<int:pk>/", deals.deal, name="deal"),
    path("deals/<int:pk>/edit/", deals.deal_edit, name="deal-edit"),
    path("deals/<int:pk>/move/<int:stage>/", deals.deal_move, name="deal-move"),
    path("deals/<int:pk>/delete/", deals.deal_delete, name="deal-delete"),
    path("deals/<int:pk>/restore/", deals.deal_restore, name="deal-restore"),
    path("settings/pipelines/", pipelines.pipelines, name="pipelines"),
    path("settings/pipelines/begin/", deals.begin, name="pipelines-begin"),
    path("settings/pipelines/<int:pk>/", pipelines.pipeline_edit, name="pipeline"),
    path("settings/pipelines/<int:pk>/use/", pipelines.pipeline_archive, name="pipeline-archive"),
    path("settings/pipelines/<int:pk>/stage/", pipelines.stage_new, name="stage-new"),
    path("settings/stages/<int:pk>/", pipelines.stage_edit, name="stage"),
    path("settings/stages/<int:pk>/place/<int:place>/", pipelines.stage_move, name="stage-move"),
    path("settings/stages/<int:pk>/remove/", pipelines.stage_remove, name="stage-remove"),
    path("settings/stages/<int:pk>/restore/", pipelines.stage_restore, name="stage-restore"),
    path("settings/reasons/new/", pipelines.reason_new, name="reason-new"),
    path("settings/reasons/<int:pk>/", pipelines.reason_edit, name="reason"),
]
