"""What is kept between requests: published snapshots of customers, and the log of predictions."""
