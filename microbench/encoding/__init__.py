"""From values to JSON: the encoder, conversion of odd types, and masking of secrets.

`json_text` encodes: plain values in C, all others by `json_encoder` (`convert`,
`surrogates`). `masking` then reads the text, and the values only if it is suspicious
(`masked_fields`).

`limits` says how large a value may be; `large` summarizes larger ones, with what `arrays`
and `digests` find out.
"""
