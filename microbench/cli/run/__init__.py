"""Time a program: `runner` repeats executions, `child` is one, `outcome` their results.

`forwarding` passes signals on. Observers act at the start and the end of each execution:
`pipes`, `timeout`, `sampling`, `reaper`, `unthreaded`. The clock is read in `child` alone.
"""
