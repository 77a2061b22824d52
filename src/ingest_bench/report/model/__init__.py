"""The data behind the report, one view for each scenario."""
