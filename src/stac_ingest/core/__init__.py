"""What every other part stands on: files, text and messages. Imports nothing of the package but its errors."""
