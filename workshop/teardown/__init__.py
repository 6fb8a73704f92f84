"""Takes everything away: looks, removes in order, looks again, writes a receipt."""
