"""Networks made of layers: what they are, how they run, and the published ones.

Built on `cs231n_lib.layers` and `losses`; whoever trains or counts a network asks here for it.
No layer is written here, and a network knows nothing of solvers and accounts.
"""
