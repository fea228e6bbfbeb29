"""Follow files that other processes still write: growth, rotation, notification."""
