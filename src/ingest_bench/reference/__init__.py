"""The reference job of this field, at scale: a collection is mirrored, kept in step through kills, and audited."""
