"""Whether each guarantee would notice that its guard is gone: each guard is taken away once."""
