"""The command line: one file for what starts runs, looks at them, steers them, and sets things up."""
