"""The texts that tell agents how to work, as readable files."""
