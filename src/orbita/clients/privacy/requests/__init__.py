"""What people ask about their data: the register of requests, its terms, letters and reminders."""
