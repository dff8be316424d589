"""The catalogue on Spark: the same declarations, translated, with results equal to DuckDB's."""
