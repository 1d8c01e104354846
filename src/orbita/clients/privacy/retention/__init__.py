"""Terms of keeping: clients of a segment are erased once their time is over, never silently."""
