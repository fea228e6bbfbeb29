"""Find installed distributions, their modules and their versions."""
