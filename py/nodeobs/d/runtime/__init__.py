"""Running D here: values, expressions, functions, and aggregations merged over processes."""
