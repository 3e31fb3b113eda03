"""The one exception that a user is meant to read: one line saying what is wrong, where, and what to do."""


class InputError(ValueError):
    """Bad input. The command line prints it as one line and exits with code 2, without a stack trace."""
