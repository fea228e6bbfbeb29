"""The command: parser, runner of the child process, main."""
