"""What comes in: downloads, who handed them in, and every hand-in kept for good.

``collect`` is the door; ``received`` says later what there is.  All of it was written by strangers:
archives are read in ``archives`` alone, an owner is found in ``owners`` alone, and what a student
packed never says whose it is or when it came.
"""
