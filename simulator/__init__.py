"""Writes an invented company's exports exactly as the vendors would, with the truth beside them."""
