"""Augmentation: what chance does to a photo before the network sees it. NumPy and Pillow only.

    (seed, epoch, photo) -> Draw -> a part of the photo is read -> warped to a square -> its colours change

A draw depends on (seed, epoch, photo index) and on nothing else, so that threads, a resumed run and the order of the
photos cannot change it.
"""
