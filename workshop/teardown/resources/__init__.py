"""Lists everything in the account that belongs to one workshop, and knows how to remove each thing.

One file per service. What takes tags belongs by the workshop's tag, whatever it is called; what takes none belongs by
a name that only this workshop gives.
"""
