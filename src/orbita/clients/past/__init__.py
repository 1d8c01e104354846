"""The card as it was: rebuilt from its events for any moment, and shown beside today's."""
