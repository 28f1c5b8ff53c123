"""The main job, shown whole: contracts reviewed under the rails, and what did not happen."""
