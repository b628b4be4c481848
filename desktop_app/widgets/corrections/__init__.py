"""Correction packs in the window: added to the dataset that is open, and made of the batch in sight."""
