"""From snapshots to a registered bundle: splits, models, calibration, evaluation, the simulator."""
