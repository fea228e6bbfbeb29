"""Complete words of the command line in shells: `microbench completion bash`.

`surface.py` lists the options of the command and of its subcommands as data. `bash.py`,
`zsh.py` and `fish.py` make the script of a shell from it, `words.py` reads which shell is
asked for, and `main.py` prints the script.
tools/shell_files.py makes the manual page from it, and the scripts that a wheel installs.
"""
