"""A static catalog: a document for each item, each collection, and the whole."""
