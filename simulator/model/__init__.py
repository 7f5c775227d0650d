"""FreeSWITCH's core as a discrete-event model: the switch, its channels, their events."""
