"""Compare two sets of records: which is faster, how sure is that, and what else differs.

`compare.py` has the public function. `sources.py` reads what it is given, `samples.py`
collects durations in groups, `rows.py` has a verdict for each, `surroundings.py` finds
what else differs, and `report.py` puts it all together, with `text.py` and `page.py` as its
forms. The statistics are in `analysis/estimate.py`.
"""
