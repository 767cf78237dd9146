"""Text -> syntax tree: the words and the grammar, the tree, and what to say about mistakes."""
