"""What follows from samples: speed-ups, scaling laws, bottlenecks and recommendations."""
