"""Which items of files are wanted: the filters of a STAC API's search, for sources that have no server."""
