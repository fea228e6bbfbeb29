"""The command: parse the words, make a bench, time a program, end as it ended.

Follow `microbench -o FILE -- PROGRAM` from module to module:

    main.py                  the steps below, one function each
    args/parser.py           words to Settings
    args/checks.py           reject Settings that contradict each other; pick the mixins
    args/selected_mixins.py  find the mixins, and the base classes of the bench
    run/destinations.py      the sinks of the bench
    run/runner.py            warm up, begin the record, run the iterations, finish it
    streams.py               whether the progress has a terminal
    run/child.py             one execution: start (spawn.py), wait, look (delay.py), collect
    run/forwarding.py        what signals to this process do (timers.py has the thread)
    run/outcome.py           fields of the record, and the exit status

Before all that, start.py turns the GIL on. Around it, __main__.py makes an exit status, or
the end by a signal, of what main.py raises. All other modules serve single options and are
imported on demand. `answer` prints times on a terminal, `view` shows stored records.
"""
