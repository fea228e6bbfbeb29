"""From values to JSON: the encoder, conversion of odd types, and masking of secrets."""
