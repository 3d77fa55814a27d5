"""The two ways in which a check ends badly."""


class Refused(Exception):
    """The input is refused with a code of the specification."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


class Malformed(Exception):
    """Bytes do not parse. Each caller turns this into the code of its own place."""
