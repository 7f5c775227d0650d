"""What a test uses: the switch, the caller, faults, sweeps."""
