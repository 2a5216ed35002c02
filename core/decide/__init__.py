"""What a decision is, one input kind a file: state and input in, events and instructions out."""
