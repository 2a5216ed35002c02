"""The single writer: it decides, journals and only then acts."""
