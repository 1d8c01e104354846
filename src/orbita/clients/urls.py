from django.urls import path

from orbita.clients.views import bulk, card, edit, files, listing, people, segments, undo

app_name = "clients"
urlpatterns = [
    path("clients/", listing.clients, name="list"),
    path("clients/bin/", listing.recycle_bin, name="bin"),
    path("clients/new/", edit.new, name="new"),
    path("clients/new/quick/", edit.quick, name="quick"),
    path("clients/options/", listing.options, name="options"),
    path("clients/bulk/responsible/", bulk.assign, name="bulk-assign"),
    path("clients/bulk/tag/", bulk.tag, name="bulk-tag"),
    path("clients/bulk/segment/", bulk.to_segment, name="bulk-segment"),
    path("clients/undo/", undo.many, name="undo-many"),
    path("clients/undo/<int:pk>/", undo.one, name="undo"),
    path("clients/files/<int:pk>/", files.download, name="file"),
    path("clients/<int:pk>/", card.card, name="card"),
    path("clients/<int:pk>/history/", card.history, name="history"),
    path("clients/<int:pk>/edit/", edit.edit, name="edit"),
    path("clients/<int:pk>/field/<slug:name>/", edit.field, name="field"),
    path("clients/<int:pk>/contacts/new/", edit.contact_new, name="contact-new"),
    path("clients/<int:pk>/contacts/<int:contact>/", edit.contact, name="contact"),
    path("clients/<int:pk>/notes/", card.note, name="note"),
    path("clients/<int:pk>/undo/", undo.last, name="undo-last"),
    path("clients/<int:pk>/delete/", card.delete, name="delete"),
    path("clients/<int:pk>/restore/", card.restore, name="restore"),
    path("clients/<int:pk>/people/new/", people.new, name="person-new"),
    path("clients/<int:pk>/people/<int:person>/", people.change, name="person"),
    path("segments/", segments.segments, name="segments"),
    path("segments/new/", segments.new, name="segment-new"),
    path("segments/<int:pk>/", segments.change, name="segment"),
    path("segments/<int:pk>/delete/", segments.delete, name="segment-delete"),
    path("segments/restore/<int:event>/", segments.restore, name="segment-restore"),
]
