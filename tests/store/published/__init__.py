"""LangGraph's own published store tests, unchanged, against ChromaStore. See ``__main__`` for the command."""
