//! Pieces that panes and panels draw with. They know roles, never colours: a [`Paint`] turns a role
//! into a style. Nothing here knows a room.

mod ascii;
mod frame;
mod fuzzy;
mod list;
mod pen;

pub use ascii::to_ascii;
pub use frame::{Frame, Weight};
pub use list::List;
pub use pen::wrap;
pub use pen::{Field, Paint, fields_width, gauge, put, put_clipped, put_fields, put_fields_right, put_right};
