"""STAC-GeoParquet laid out for readers: sorted by place and time, in folders by year or month.

Items are written to parts as they come, which a killed run resumes. At the end the parts are read once for where and
when their items are, and once for the items, which go through a file on disk, each to the row group that it belongs to.
"""
