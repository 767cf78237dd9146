"""A program -> what it holds and costs: sizes, receptive fields, counts, memory, keys, repeats; without PyTorch."""
