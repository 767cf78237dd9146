"""What makes documents; not a part of the package."""
