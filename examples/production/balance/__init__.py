"""An IVR for production: callers hear the balance of their account."""
