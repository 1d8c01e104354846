"""Backups away from this machine: copies in an S3 storage that the operator named.

`storage` speaks with the server, `copies` sends, compares, looks and rotates, `fetching` brings one
back to a machine that may have nothing but the settings.
"""
