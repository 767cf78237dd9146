"""What a program holds and costs: sizes, receptive fields, counts, memory, keys, repeats, from the program alone."""
