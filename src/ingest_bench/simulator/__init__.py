"""A STAC API with known properties, to measure clients against: paging style, think time and rate limit are settings."""
