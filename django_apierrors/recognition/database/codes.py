"""The numbers and names that drivers give to errors, and the code of each.

The tables of the vendors are the source. docs/databases.md lists the faults that cause each error.
"""

from __future__ import annotations

from collections.abc import Mapping

# SQLite's names of its extended result codes, the most specific first
# (https://sqlite.org/rescode.html).
CODES_BY_SQLITE_NAME: Mapping[str, str] = {
    "SQLITE_CONSTRAINT_UNIQUE": "ALREADY_EXISTS",
    "SQLITE_CONSTRAINT_PRIMARYKEY": "ALREADY_EXISTS",
    "SQLITE_CONSTRAINT_ROWID": "ALREADY_EXISTS",
    "SQLITE_CONSTRAINT_NOTNULL": "INVALID_CONTENT",
    "SQLITE_CONSTRAINT_FOREIGNKEY": "MISSING_RESOURCE",
    "SQLITE_CONSTRAINT": "INVALID_STATE",
    "SQLITE_TOOBIG": "INVALID_CONTENT",
    "SQLITE_MISMATCH": "INVALID_CONTENT",
    "SQLITE_INTERRUPT": "GATEWAY_TIMEOUT",
    "SQLITE_BUSY": "SERVICE_UNAVAILABLE",
    "SQLITE_LOCKED": "SERVICE_UNAVAILABLE",
    "SQLITE_CANTOPEN": "SERVICE_UNAVAILABLE",
    "SQLITE_READONLY": "SERVICE_UNAVAILABLE",
    "SQLITE_FULL": "SERVICE_UNAVAILABLE",
    "SQLITE_IOERR": "SERVICE_UNAVAILABLE",
}

# SQLSTATEs, and their classes of two characters, the most specific first
# (https://www.postgresql.org/docs/current/errcodes-appendix.html). All others are INTERNAL_ERROR.
CODES_BY_SQLSTATE: Mapping[str, str] = {
    "23505": "ALREADY_EXISTS",  # unique_violation
    "23502": "INVALID_CONTENT",  # not_null_violation
    "23503": "MISSING_RESOURCE",  # foreign_key_violation
    "23": "INVALID_STATE",  # integrity constraint violation
    "22000": "INVALID_CONTENT",  # data_exception: a range whose lower bound is the larger one
    # The other states of class 22 are about expressions and commands: division by zero, LIMIT -1.
    "22001": "INVALID_CONTENT",  # string_data_right_truncation: too long
    "22003": "INVALID_CONTENT",  # numeric_value_out_of_range
    "22007": "INVALID_CONTENT",  # invalid_datetime_format
    "22008": "INVALID_CONTENT",  # datetime_field_overflow
    "22009": "INVALID_CONTENT",  # invalid_time_zone_displacement_value
    "22015": "INVALID_CONTENT",  # interval_field_overflow
    "2201B": "INVALID_CONTENT",  # invalid_regular_expression
    "22021": "INVALID_CONTENT",  # character_not_in_repertoire: NUL in text
    "22025": "INVALID_CONTENT",  # invalid_escape_sequence: a pattern that ends with a backslash
    "22P02": "INVALID_CONTENT",  # invalid_text_representation
    "22P03": "INVALID_CONTENT",  # invalid_binary_representation
    "22P05": "INVALID_CONTENT",  # untranslatable_character: NUL in JSON
    "54000": "INVALID_CONTENT",  # program_limit_exceeded: a value too long for its index
    "54001": "INVALID_CONTENT",  # statement_too_complex: JSON nested too deeply
    "P0001": "INVALID_STATE",  # raise_exception: raised by a trigger
    "57014": "GATEWAY_TIMEOUT",  # query_canceled
    "25P04": "GATEWAY_TIMEOUT",  # transaction_timeout
    "08": "SERVICE_UNAVAILABLE",  # connection exception
    "25006": "SERVICE_UNAVAILABLE",  # read_only_sql_transaction
    "25P03": "SERVICE_UNAVAILABLE",  # idle_in_transaction_session_timeout
    "40": "SERVICE_UNAVAILABLE",  # transaction rollback: deadlock, serialization failure
    "53": "SERVICE_UNAVAILABLE",  # insufficient resources: too many connections
    "55P03": "SERVICE_UNAVAILABLE",  # lock_not_available: lock timeout, NOWAIT
    "57P": "SERVICE_UNAVAILABLE",  # shutdown, starting up, recovering, idle_session_timeout
}

# The numbers of the server (from 1000) and of the client library (from 2000), of MariaDB
# (https://mariadb.com/kb/en/mariadb-error-code-reference/) and of MySQL
# (https://dev.mysql.com/doc/mysql-errors/8.4/en/).
CODES_BY_MYSQL_NUMBER: Mapping[int, str] = {
    1022: "ALREADY_EXISTS",  # ER_DUP_KEY
    1062: "ALREADY_EXISTS",  # ER_DUP_ENTRY
    1169: "ALREADY_EXISTS",  # ER_DUP_UNIQUE
    1586: "ALREADY_EXISTS",  # ER_DUP_ENTRY_WITH_KEY_NAME
    1048: "INVALID_CONTENT",  # ER_BAD_NULL_ERROR
    1364: "INVALID_CONTENT",  # ER_NO_DEFAULT_FOR_FIELD
    1139: "INVALID_CONTENT",  # ER_REGEXP_ERROR
    1153: "INVALID_CONTENT",  # ER_NET_PACKET_TOO_LARGE
    1264: "INVALID_CONTENT",  # ER_WARN_DATA_OUT_OF_RANGE
    1265: "INVALID_CONTENT",  # WARN_DATA_TRUNCATED
    1292: "INVALID_CONTENT",  # ER_TRUNCATED_WRONG_VALUE
    1366: "INVALID_CONTENT",  # ER_TRUNCATED_WRONG_VALUE_FOR_FIELD
    1406: "INVALID_CONTENT",  # ER_DATA_TOO_LONG
    1525: "INVALID_CONTENT",  # ER_WRONG_VALUE
    1690: "INVALID_CONTENT",  # ER_DATA_OUT_OF_RANGE
    3140: "INVALID_CONTENT",  # ER_INVALID_JSON_TEXT (MySQL)
    # ER_REGEXP_BUFFER_OVERFLOW to ER_REGEXP_TIME_OUT (MySQL): an invalid regular expression.
    **dict.fromkeys(range(3684, 3700), "INVALID_CONTENT"),
    1216: "MISSING_RESOURCE",  # ER_NO_REFERENCED_ROW
    1452: "MISSING_RESOURCE",  # ER_NO_REFERENCED_ROW_2
    1217: "INVALID_STATE",  # ER_ROW_IS_REFERENCED
    1451: "INVALID_STATE",  # ER_ROW_IS_REFERENCED_2
    1644: "INVALID_STATE",  # ER_SIGNAL_EXCEPTION: raised by a trigger
    3819: "INVALID_STATE",  # ER_CHECK_CONSTRAINT_VIOLATED (MySQL)
    4025: "INVALID_STATE",  # ER_CONSTRAINT_FAILED (MariaDB)
    1317: "GATEWAY_TIMEOUT",  # ER_QUERY_INTERRUPTED
    1969: "GATEWAY_TIMEOUT",  # ER_STATEMENT_TIMEOUT (MariaDB)
    3024: "GATEWAY_TIMEOUT",  # ER_QUERY_TIMEOUT (MySQL)
    1020: "SERVICE_UNAVAILABLE",  # ER_CHECKREAD: MariaDB's serialization failure
    1021: "SERVICE_UNAVAILABLE",  # ER_DISK_FULL
    1037: "SERVICE_UNAVAILABLE",  # ER_OUTOFMEMORY
    1040: "SERVICE_UNAVAILABLE",  # ER_CON_COUNT_ERROR
    1041: "SERVICE_UNAVAILABLE",  # ER_OUT_OF_RESOURCES
    1043: "SERVICE_UNAVAILABLE",  # ER_HANDSHAKE_ERROR
    1044: "SERVICE_UNAVAILABLE",  # ER_DBACCESS_DENIED_ERROR
    1045: "SERVICE_UNAVAILABLE",  # ER_ACCESS_DENIED_ERROR
    1047: "SERVICE_UNAVAILABLE",  # ER_UNKNOWN_COM_ERROR: a Galera node without quorum
    1049: "SERVICE_UNAVAILABLE",  # ER_BAD_DB_ERROR
    1053: "SERVICE_UNAVAILABLE",  # ER_SERVER_SHUTDOWN
    1114: "SERVICE_UNAVAILABLE",  # ER_RECORD_FILE_FULL
    1129: "SERVICE_UNAVAILABLE",  # ER_HOST_IS_BLOCKED
    1130: "SERVICE_UNAVAILABLE",  # ER_HOST_NOT_PRIVILEGED
    1152: "SERVICE_UNAVAILABLE",  # ER_ABORTING_CONNECTION
    1158: "SERVICE_UNAVAILABLE",  # ER_NET_READ_ERROR
    1159: "SERVICE_UNAVAILABLE",  # ER_NET_READ_INTERRUPTED
    1160: "SERVICE_UNAVAILABLE",  # ER_NET_ERROR_ON_WRITE
    1161: "SERVICE_UNAVAILABLE",  # ER_NET_WRITE_INTERRUPTED
    1184: "SERVICE_UNAVAILABLE",  # ER_NEW_ABORTING_CONNECTION
    1203: "SERVICE_UNAVAILABLE",  # ER_TOO_MANY_USER_CONNECTIONS
    1205: "SERVICE_UNAVAILABLE",  # ER_LOCK_WAIT_TIMEOUT: lock timeout, MariaDB's NOWAIT
    1206: "SERVICE_UNAVAILABLE",  # ER_LOCK_TABLE_FULL
    1213: "SERVICE_UNAVAILABLE",  # ER_LOCK_DEADLOCK: deadlock, serialization failure
    1226: "SERVICE_UNAVAILABLE",  # ER_USER_LIMIT_REACHED
    1290: "SERVICE_UNAVAILABLE",  # ER_OPTION_PREVENTS_STATEMENT: --read-only
    1792: "SERVICE_UNAVAILABLE",  # ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION
    1836: "SERVICE_UNAVAILABLE",  # ER_READ_ONLY_MODE
    1874: "SERVICE_UNAVAILABLE",  # ER_INNODB_READ_ONLY
    1927: "SERVICE_UNAVAILABLE",  # ER_CONNECTION_KILLED
    3032: "SERVICE_UNAVAILABLE",  # ER_SERVER_OFFLINE_MODE (MySQL)
    3572: "SERVICE_UNAVAILABLE",  # ER_LOCK_NOWAIT (MySQL)
    4031: "SERVICE_UNAVAILABLE",  # ER_CLIENT_INTERACTION_TIMEOUT (MySQL)
    2001: "SERVICE_UNAVAILABLE",  # CR_SOCKET_CREATE_ERROR
    2002: "SERVICE_UNAVAILABLE",  # CR_CONNECTION_ERROR
    2003: "SERVICE_UNAVAILABLE",  # CR_CONN_HOST_ERROR
    2005: "SERVICE_UNAVAILABLE",  # CR_UNKNOWN_HOST
    2006: "SERVICE_UNAVAILABLE",  # CR_SERVER_GONE_ERROR
    2012: "SERVICE_UNAVAILABLE",  # CR_SERVER_HANDSHAKE_ERR
    2013: "SERVICE_UNAVAILABLE",  # CR_SERVER_LOST
    2026: "SERVICE_UNAVAILABLE",  # CR_SSL_CONNECTION_ERROR
    2055: "SERVICE_UNAVAILABLE",  # CR_SERVER_LOST_EXTENDED
}

# Exceptions that have neither number nor name: their class, and their whole message.
CODES_BY_DRIVER_MESSAGE: Mapping[tuple[str, str], str] = {
    ("builtins.ValueError", "A string literal cannot contain NUL (0x00) characters."): (
        "INVALID_CONTENT"  # psycopg2
    ),
    ("builtins.OverflowError", "Python int too large to convert to SQLite INTEGER"): (
        "INVALID_CONTENT"
    ),
    ("sqlite3.ProgrammingError", "Cannot operate on a closed database."): "SERVICE_UNAVAILABLE",
    ("pymysql.err.Error", "Already closed"): "SERVICE_UNAVAILABLE",
}

# NULL in a column that must have a value. The description of INVALID_CONTENT names this fault.
NOT_NULL = frozenset({"SQLITE_CONSTRAINT_NOTNULL", "23502", 1048, 1364})

# A value that is calculated or written, not one that a lookup compares with a column.
CALCULATED = frozenset({"22001", "22003", "22008", "22009", "22015", 1264, 1265, 1406, 1690})

# A regular expression, or the pattern of a LIKE.
INVALID_PATTERN = frozenset({"2201B", "22025", 1139, *range(3684, 3700)})

# data_exception: raised for a range whose lower bound is the larger one.
REVERSED_RANGE = "22000"

# Errors of PostgreSQL about a statement, which may be about a value in it: undefined_function,
# datatype_mismatch, cannot_coerce, indeterminate_datatype; and a syntax error in a tsquery.
MISTYPED = frozenset({"42883", "42804", "42846", "42P18"})
TSQUERY = "42601"
