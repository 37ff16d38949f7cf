//! stub
/// Width in cells.
pub fn cell_width(t:&str)->usize{unicode_width::UnicodeWidthStr::width(t)}
/// Longest prefix that fits into so many cells.
pub fn clip(t:&str, _cells:usize)->&str{t}
/// Grapheme clusters.
pub fn graphemes(t:&str)->impl DoubleEndedIterator<Item=&str>{unicode_segmentation::UnicodeSegmentation::graphemes(t,true)}
/// stub
pub fn wrap_points(_t:&str)->Vec<usize>{Vec::new()}
