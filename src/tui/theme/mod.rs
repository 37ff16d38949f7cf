//! Themes: files of colours, one style a role.
mod role;
pub use role::Role;
