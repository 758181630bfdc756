"""What a machine can hold of the rules of the house, over the program as a whole."""
