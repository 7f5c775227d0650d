"""The event socket, as FreeSWITCH serves it."""
