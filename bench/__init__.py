"""Benchmarks: anchor and product interleaved in one run, the same results asserted before anything is timed."""
