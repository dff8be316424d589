"""The rows of a job, chunk by chunk, from each kind of file."""
