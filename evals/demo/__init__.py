"""The main job, shown whole: contracts reviewed under the rails, and what was kept from happening."""
