"""The commands, by who gives them: thin, they word what the rooms below found.

No decision is taken here: a command reads its options, calls one room and prints.
"""
