"""The exceptions that are told in words: one the caller can mend, one leaves a single thing out."""


class UserError(Exception):
    """A mistake of the caller, told in words: what was wrong, what was expected, what to do.

    The command line prints the message without a traceback and exits with status 2.
    """


class Refused(Exception):
    """Something of a stranger's that is not taken; the message says why, and the rest goes on."""
