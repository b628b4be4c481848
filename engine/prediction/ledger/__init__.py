"""The ledger of a batch: an SQLite file beside the results that knows each photo's answer as soon as it is there.

It is what a batch is resumed from, and what tables, other thresholds and sorting are made of without applying the
network again. A photo is known by its path, its size and its time; all probabilities are kept. Commits are forced to
the disk, so after a power failure, too, only what came since the last one is missing.
"""
