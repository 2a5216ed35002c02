"""Carrying out instructions: one small file a kind, every outcome is an input again."""
