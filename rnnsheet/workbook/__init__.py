"""Plans to .xlsx files and back. The only room that knows the file format."""
