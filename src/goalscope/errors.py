"""The one exception that tells a user's mistake from a defect of ours."""


class UserError(Exception):
    """Something the user gave or the machine lacks; shown as one message, no traceback.

    Fields:
        exit_code: 2 for bad usage, 3 for damaged files, 4 for the environment (disk,
            permissions, devices).
    """

    def __init__(self, message: str, exit_code: int = 2) -> None:
        Exception.__init__(self, message)
        self.exit_code = exit_code
