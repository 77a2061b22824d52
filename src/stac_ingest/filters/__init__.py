"""The filters of a search, evaluated here: on items, on columns of tables, and on the statistics of row groups."""
