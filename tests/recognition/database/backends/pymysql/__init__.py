"""Django's backend for MySQL and MariaDB over PyMySQL."""
