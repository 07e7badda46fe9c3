"""Django's backend for PostgreSQL over psycopg2."""
