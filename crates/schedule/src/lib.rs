//! Plans orders on stations: lags, capacities, transport; insertion, repair, bounds, checker.
