"""What actions did, by their hold-outs."""
