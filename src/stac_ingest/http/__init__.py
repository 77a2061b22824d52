"""HTTP as a polite client speaks it: retries, rate, concurrency, credentials."""
