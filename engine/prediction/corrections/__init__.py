"""The correction pack: what a person confirmed or corrected, in one small file that is merged into a dataset elsewhere.

A zip of stored members: manifest.json, corrections.csv, and upright copies of the photos in photos/. A pack that came
from elsewhere is foreign data: nothing in it decides where a file is written, or is extracted unseen.
"""
