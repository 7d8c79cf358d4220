"""What programs print, as DTrace lays it out."""
