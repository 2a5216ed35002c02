"""The engine of pilothouse: it knows nothing of terminals and screens."""
