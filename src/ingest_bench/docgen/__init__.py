"""Documentation that is written from the code: schemas, the fields of the results, the published run."""
