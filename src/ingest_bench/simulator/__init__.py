"""A STAC API with known properties, to measure clients against: paging, think time and rate limit are settings."""
