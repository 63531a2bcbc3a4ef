"""The one door to DuckDB: settings, connection, running dbt, publishing."""
