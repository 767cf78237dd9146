"""Where measured figures come from; each module is run by itself: `python -m benchmarks.cold`."""
