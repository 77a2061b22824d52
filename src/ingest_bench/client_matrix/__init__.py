"""What STAC clients deliver from a hostile server: each behaviour against each client, as a table."""
