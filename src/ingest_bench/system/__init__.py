"""What is asked of the machine and the interpreter, whatever is measured."""
