"""Static catalogs that are kept in step with: what is remembered of their documents."""
