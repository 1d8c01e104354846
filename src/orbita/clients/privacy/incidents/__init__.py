"""Incidents with personal data: what happened, the clocks of the notices, who did what."""
