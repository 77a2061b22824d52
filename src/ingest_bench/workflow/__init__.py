"""What the Snakemake rules call: identities of jobs, staleness, aggregation and progress."""
