"""One page for the wall: what to do by hand, made from the site file."""
