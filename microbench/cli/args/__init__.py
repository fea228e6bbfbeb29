"""Parse and check the command line: options, help, choice of mixins and fields."""
