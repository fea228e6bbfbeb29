"""Configuration, plan and life of a record; encoding and delivery."""
