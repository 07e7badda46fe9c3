"""Django's backend for MySQL, imported as after `pymysql.install_as_MySQLdb()`."""

from __future__ import annotations

import pymysql

from tests.recognition.database.backends import import_copy

# Projects do this too: Django requires a version of mysqlclient that PyMySQL does not have.
pymysql.version_info = (2, 2, 1, "final", 0)

DatabaseWrapper = import_copy(
    "django.db.backends.mysql", {"MySQLdb": pymysql}, __package__
).DatabaseWrapper
