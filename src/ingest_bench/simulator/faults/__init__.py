"""What servers do to clients, as named behaviours of the simulator. A new one is a class in a module here."""
