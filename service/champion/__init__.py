"""Supply of the champion: ask the registry, try a new bundle apart, swap, keep the last good one.

The registry is asked by a process of its own (``child``), which alone imports MLflow. A bundle that
it fetched is verified and tried in a throw-away process (``trial``); only then this one reads it.
"""
