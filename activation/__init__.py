"""Sends what changed, with consent, once: plan, deliver, ledger, destinations/<name>.py."""
