//! Lab files: a hall described, checked, generated and enumerated.
