"""What microbench costs, as ratios to floors: `python -m benchmarks`.

slices     the statistics: interleaved slices, 10th percentile, net of an empty loop
worker     runs one statement in slices; also the other end of a peer's pipe
native     compiles the C in floor/ on first use
parties    the two interpreters that take part: this one, and one for the peers
lab        is passed to each measure: it times cases of all parties in the same minutes
rows       a row of the table, and its goal
measures/  one subject a file, each with a function `rows(lab)`
peers      other timing libraries, and their nearest match to each case of microbench
table      the rows as text and as JSON
spread     how well 20 processes agree about a short function, beside pyperf and timeit
bias       by how much the durations of each way in differ from known work
check      shows that a delay of 20 ns in a phase is seen
"""
