"""Reading records back, tolerantly."""
