"""Side-by-side measurements against the 2022 hands-on's recipe."""
