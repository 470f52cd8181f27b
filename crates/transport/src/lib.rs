//! The track, its movers and arms: geometry, motion limited by slosh, traffic control.
