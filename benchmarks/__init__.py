"""Where measured figures come from: `python -m benchmarks` for those of time, or each module by itself."""
