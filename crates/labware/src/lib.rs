//! Plates and other labware: geometry, wells, contents, custody.
