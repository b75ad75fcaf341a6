"""The exception for errors that a user can fix. Its message names the input and the remedy."""


class UserError(Exception):
    """An error that the user can fix.

    The command line prints the message without a traceback and exits with status 2.
    """


class MissingSplitError(UserError):
    """A dataset or benchmark that lacks the split asked for."""
