"""Decides which identifiers are one person: pure functions at the centre, SQL at the edge."""
