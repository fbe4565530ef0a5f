"""What people read in a terminal, as lines of text; one module for each subject."""
