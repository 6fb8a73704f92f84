"""The permissions that a workshop needs, as the local AWS recorded them; and whether its policies give just these."""
