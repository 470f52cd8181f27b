//! What happens to a plate: operations, steps, lags, assays; checked and compiled to a task graph.
