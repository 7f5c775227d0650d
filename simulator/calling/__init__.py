"""The simulator as tests use it: the switch, the caller, faults, sweeps."""
