"""How the tasks of a plan are read: a file for each kind of task."""
