"""The one exception that every room may raise at a user: its message names the input and the remedy."""


class UserError(Exception):
    """Something the user can mend. The command line prints the message without a traceback and exits with status 2."""
