"""Tools over what a planner does not read."""
