"""What actions did: the hold-out compared with the treated, and how sure that is."""
