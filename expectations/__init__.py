"""May today's data leave the house? Suites, verdicts, quarantine and the quality pages."""
