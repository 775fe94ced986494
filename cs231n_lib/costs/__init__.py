"""What a network costs: `account` counts values and products, `peak` the memory of a step.

Both add up what architectures and layers say of themselves; no data go through a network here.
"""
