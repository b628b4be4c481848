"""A model as a small HTTP service on this machine, for other programs."""
