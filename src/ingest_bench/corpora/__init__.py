"""Corpora: sets of STAC items to ingest, made from a seed or the user's own, each with a manifest."""
