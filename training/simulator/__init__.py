"""A simulated shop whose customers' true risk, causes and effects of actions are known exactly."""
