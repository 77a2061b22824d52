"""Static catalogs, walked by their links."""
