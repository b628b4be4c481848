"""Photos of a ledger sorted into folders by what they show, labels written beside them, and both undone.

The ledger knows each file and folder before it is made, so that all of it can be taken away again, also after a kill.
Photos themselves are only ever read.
"""
