"""Sorting the photos of a batch into folders, labels beside them, and undoing both: what is asked, done and told."""
