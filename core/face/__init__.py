"""What front ends know: the socket's two ends and the session."""
