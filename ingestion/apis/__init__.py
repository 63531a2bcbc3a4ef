"""APIs that can be pulled: a module each, whose `source()` is a dlt source."""
