"""Read records back, tolerantly: lines, shapes, filters, frames, and summaries."""
