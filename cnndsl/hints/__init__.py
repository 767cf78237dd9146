"""What people write who come from elsewhere, in tables: what is recognised, what is said, what is written instead."""
