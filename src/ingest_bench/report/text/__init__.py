"""The text of the report, one module for each part."""
