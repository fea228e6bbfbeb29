"""SQL over records, by DuckDB: the function `query` and the command `microbench query`.

statement.py finds out which tables and columns a query needs, spool.py writes these as
lines of one type a column, connection.py gives them to DuckDB, which may read nothing
else, mistakes.py says in a sentence what is wrong with a query, and answer.py hands over
what it gives. Only connection.py and statement.py use DuckDB; nothing here imports it
before a query is asked.
"""
