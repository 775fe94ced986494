"""The commands, by who gives them: thin, they word what the rooms below found.

``cli`` enters.  No decision is taken here: a command reads its options, calls one room and prints,
by ``say`` alone, which shows whatever a stranger wrote as text.
"""
