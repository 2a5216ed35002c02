"""Full screens of the supervisor."""
