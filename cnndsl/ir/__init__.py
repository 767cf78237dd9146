"""The definitions of a program, as the text has them: nodes, and how they are made from the syntax tree."""
