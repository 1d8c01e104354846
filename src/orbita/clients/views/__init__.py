"""The pages of clients. Every view starts from what its user may see."""
