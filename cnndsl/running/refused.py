"""What a run cannot be made of."""

from __future__ import annotations


class Refused(ValueError):  # noqa: N818 - what happened, in the user's terms
    """Something that a user gave does not go with the network, or is not what it should be.

    The message is a sentence that says what is wrong and what to give instead. `option` is the command's option that
    gave it, empty where there is none.
    """

    def __init__(self, message: str, option: str = "") -> None:
        super().__init__(message)
        self.option = option
