"""The demo company: a coffee roaster whose client base shows everything the product does."""
