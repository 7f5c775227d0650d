"""What is wrong with a handler, as an exploration shows it: a module for each family."""
