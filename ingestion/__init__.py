"""Puts an export file into schema raw_<source>, once, losing nothing."""
