"""Planning with a language model that answers in a form: one step of a plan at a time."""
