"""The one exception that means: the person at the keyboard can mend this."""


class UserError(Exception):
    """A mistake of the caller, told in words: what was wrong, what was expected, what to do.

    The command line prints the message without a traceback and exits with status 2.
    """
