"""A server for assistants that write networks, by the Model Context Protocol."""
