"""The look of the screen: one style sheet for structure, one file of colours a palette. Data only."""
