//! What instruments plug into: descriptors, capabilities, commands and their life, health.
