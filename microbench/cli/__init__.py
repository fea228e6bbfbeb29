"""The command: parse the words, make a bench, time a program, end as it ended.

Follow `microbench -o FILE -- PROGRAM` from module to module:

    main.py                  the steps below, one function each
    args/parser.py           words to Settings
    args/checks.py           reject Settings that contradict each other; pick the mixins
    args/selected_mixins.py  find the mixins, and the base classes of the bench
    run/destinations.py      the sinks of the bench, which bench.py then makes
    run/runner.py            warm up, begin the record, run the iterations, finish it
    run/outcome.py           fields of the record, and the exit status
    run/forwarding.py        what signals to this process do (timers.py has the thread)
    streams.py               whether a stream is a terminal
    run/child.py             one execution: start (spawn.py), wait, look (delay.py), collect

The runner begins the record before the first execution and completes it after the last one:
see core/. Before all that, start.py turns the GIL on. Around it, __main__.py makes an exit
status, or the end by a signal, of what main.py raises. All other modules serve single
options and are imported on demand. `commands` compares
several of them, `answer` prints times on a terminal, `view` shows stored
records.
"""
