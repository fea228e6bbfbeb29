"""Real programs that microbench watches. `make demo` runs them."""
