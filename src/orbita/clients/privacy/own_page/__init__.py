"""The page of a client himself, by a link and without signing in: what is kept, what he agrees to."""
