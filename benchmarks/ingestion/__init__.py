"""How much slower than DuckDB's own `create table as select` is landing with all its checks?"""
