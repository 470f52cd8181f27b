//! Spaces, surrogates, batch acquisition; ask and tell.
