"""Quality: how well people review, measured, and the requests known to be bad that measure it."""
