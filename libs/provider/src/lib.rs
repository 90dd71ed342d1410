//! Provider definitions: what they say, where they come from, which request is theirs.
//!
//! It opens no vault, holds no token, speaks no OAuth and no HTTP. It reads files only in the
//! directory it is given.

pub mod definition;
