"""Plans: what a run is going to do, stated as data before it has read anything."""
