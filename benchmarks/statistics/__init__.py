"""How often a comparison is wrong, by simulation: `python -m benchmarks.statistics`.

noises     series of durations with a known ratio: what machines do to them
tools      the verdict of microbench, and those of other tools on the same series
stopping   comparisons of commands that end when the answer is clear
trial      counts wrong and right verdicts, and intervals that hold the ratio
"""
