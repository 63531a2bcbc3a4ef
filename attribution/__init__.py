"""Which channel earned what where a rule in SQL cannot say it, and why: pure functions, a CLI."""
