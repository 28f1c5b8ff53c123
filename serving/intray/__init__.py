"""The pages of jobs: documents are handed in here, and one sees how far they are."""
