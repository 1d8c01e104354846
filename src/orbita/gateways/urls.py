from django.urls import path

from orbita.gateways import views

app_name = "gateways"
urlpatterns = [
    path("import/", views.start, name="import"),
    path("import/sample/<str:name>/", views.sample, name="import-sample"),
    path("import/<int:pk>/", views.result, name="import-result"),
    path("import/<int:pk>/columns/", views.columns, name="import-columns"),
    path("import/<int:pk>/preview/", views.preview, name="import-preview"),
    path("import/<int:pk>/run/", views.run, name="import-run"),
    path("import/<int:pk>/save/", views.save_columns, name="import-save-columns"),
    path(
        "import/<int:pk>/saved/<int:saved>/delete/",
        views.delete_columns,
        name="import-delete-columns",
    ),
    path("import/<int:pk>/cancel/", views.cancel, name="import-cancel"),
    path("import/<int:pk>/discard/", views.discard, name="import-discard"),
    path("import/<int:pk>/undo/", views.undo, name="import-undo"),
    path("import/<int:pk>/sheet/", views.next_sheet, name="import-sheet"),
    path("import/<int:pk>/rejected/", views.rejected, name="import-rejected"),
    path("export/<slug:name>/xlsx/", views.export, {"format": "xlsx"}, name="export-xlsx"),
    path(
        "export/<slug:name>/xlsx/all/",
        views.export,
        {"format": "xlsx", "every_column": True},
        name="export-xlsx-all",
    ),
    path("export/<slug:name>/csv/", views.export, {"format": "csv"}, name="export-csv"),
    path(
        "export/<slug:name>/csv/all/",
        views.export,
        {"format": "csv", "every_column": True},
        name="export-csv-all",
    ),
    path("exports/", views.exports, name="exports"),
    path("exports/<int:pk>/decide/", views.decide_export, name="decide-export"),
    path("exports/<int:pk>/", views.export_page, name="export"),
    path("exports/<int:pk>/file/", views.export_file, name="export-file"),
]
