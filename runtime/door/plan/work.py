"""Work: how much may still be done over what anybody may have written."""


class TooDear(Exception):
    """What was asked for goes beyond its bound."""


class Work:
    """A bound on the work of one view; once it is passed, nothing more is done (fails closed)."""

    def __init__(self, most: int) -> None:
        self.left = most

    def spend(self, work: int) -> None:
        """Count some work; raises `TooDear` beyond the bound, and then ever after."""
        self.left -= work
        if self.left < 0:
            raise TooDear

    def allows(self, work: int) -> bool:
        """Count some work, and return whether it is within the bound."""
        self.left -= work
        return self.left >= 0
