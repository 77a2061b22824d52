"""STAC-GeoParquet: Parquet rows to STAC Items, and back."""
