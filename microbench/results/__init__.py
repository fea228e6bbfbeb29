"""Read records back, tolerantly: lines, shapes, filters, frames, and summaries.

`reading` is the way in. Records of killed processes come from the room `journal`.
"""
