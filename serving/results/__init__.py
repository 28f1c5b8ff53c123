"""The results of a job as files: for programs, for table programs, and as a page for people."""
