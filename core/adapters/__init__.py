"""The outside world, one thing a module: every side effect of the engine lives here."""
