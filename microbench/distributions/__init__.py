"""Which distributions are installed, which modules they own, and their versions."""
