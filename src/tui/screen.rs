//! Where everything is on the screen: a pure function of what is shown and of the size. Draws
//! nothing, and knows neither the room nor the theme, so that the mouse, the layout of texts and the
//! drawing all ask the same answer.
//!
//! The arrangement is decided with the smallest composer, so that a draft that grows takes rows from
//! the panes and never turns columns into tabs.

use ratatui::layout::Position;
use ratatui::layout::Rect;
use ratatui::layout::Size;

/// The smallest screen that is drawn: one pane with one row of text, and the composer.
pub const SMALLEST: Size = Size { width: 20, height: 6 };

/// Cells that a pane has unless the user chose an arrangement, borders included.
const PANE_WIDTH: u16 = 40;
/// Cells that a pane may come down to where the user chose.
const CHOSEN_WIDTH: u16 = 36;
/// Rows of a pane in a grid, borders included.
const PANE_HEIGHT: u16 = 10;
/// Rows of a pane where the user chose.
const CHOSEN_HEIGHT: u16 = 5;
/// Borders and one row of text.
const FEWEST_ROWS: u16 = 3;
/// The usage panel beside the panes.
const SIDE_WIDTH: u16 = 24;

/// What the user wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LayoutChoice {
    /// What the size allows.
    #[default]
    Auto,
    /// Side by side.
    Columns,
    /// One above the other.
    Rows,
    /// Both.
    Grid,
    /// One at a time.
    Tabs,
}

impl LayoutChoice {
    /// All choices with their names in the config, in the order in which the key goes through them.
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::Auto, "auto"),
        (Self::Columns, "columns"),
        (Self::Rows, "rows"),
        (Self::Grid, "grid"),
        (Self::Tabs, "tabs"),
    ];

    /// Its name in the config.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|row| row.0 == self).map_or("auto", |row| row.1)
    }

    /// The choice of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|row| row.1 == name).map(|row| row.0)
    }

    /// The one after it, round.
    #[must_use]
    pub fn next(self) -> Self {
        let at = Self::ALL.iter().position(|row| row.0 == self).unwrap_or(0);
        Self::ALL[(at + 1) % Self::ALL.len()].0
    }
}

/// How the panes stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Arrangement {
    /// Side by side; also a single pane.
    #[default]
    Columns,
    /// One above the other.
    Rows,
    /// Both.
    Grid,
    /// The current one alone, with a strip of all.
    Tabs,
}

/// What is to be shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// How many panes there are.
    pub panes: usize,
    /// The current one, from zero.
    pub current: usize,
    /// Whether the current one has the whole room.
    pub zoomed: bool,
    /// What the user wants.
    pub choice: LayoutChoice,
    /// Whether the usage panel is beside the panes, where it finds room.
    pub side_panel: bool,
    /// Rows of the draft, without borders.
    pub composer_rows: u16,
    /// Rows that a long notice wants, with its borders; zero when there is none.
    pub notice_rows: u16,
    /// Whether a panel has everything below the header.
    pub full_panel: bool,
}

/// Where everything is. No two rectangles share a cell and none leaves the screen; an empty one is
/// not drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Areas {
    /// The screen is smaller than [`SMALLEST`]: nothing but a word about that is drawn.
    pub too_small: bool,
    /// One row at the top; empty on the lowest screens.
    pub header: Rect,
    /// The panes that are seen, with their numbers from zero. Borders are inside.
    pub panes: Vec<(usize, Rect)>,
    /// The strip of all panes: one row.
    pub tabs: Option<Rect>,
    /// The usage panel beside the panes.
    pub side: Option<Rect>,
    /// The composer with its borders; empty under a full panel.
    pub composer: Rect,
    /// The long notice above the composer, where the panes can spare its rows.
    pub notice: Option<Rect>,
    /// The full panel.
    pub panel: Option<Rect>,
    /// How the panes stand.
    pub arrangement: Arrangement,
}

/// What is at a place of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hit {
    /// The header.
    Header,
    /// A pane, by its number from zero.
    Pane(usize),
    /// The strip, at a column of its own from zero.
    Tabs(u16),
    /// The usage panel beside the panes.
    Side,
    /// The composer.
    Composer,
    /// The full panel.
    Panel,
    /// Nothing.
    Nothing,
}

impl Areas {
    /// What is at a place.
    #[must_use]
    pub fn hit(&self, column: u16, row: u16) -> Hit {
        let place = Position::new(column, row);
        let inside = |area: &Rect| area.contains(place);
        if let Some((number, _)) = self.panes.iter().find(|(_, area)| inside(area)) {
            return Hit::Pane(*number);
        }
        match self {
            Self { tabs: Some(area), .. } if inside(area) => Hit::Tabs(column - area.x),
            Self { side: Some(area), .. } if inside(area) => Hit::Side,
            Self { panel: Some(area), .. } if inside(area) => Hit::Panel,
            _ if inside(&self.composer) => Hit::Composer,
            _ if inside(&self.header) => Hit::Header,
            _ => Hit::Nothing,
        }
    }
}

/// Where everything is on a screen of this size.
#[must_use]
pub fn areas(shape: &Shape, size: Size) -> Areas {
    if size.width < SMALLEST.width || size.height < SMALLEST.height {
        return Areas { too_small: true, ..Areas::default() };
    }
    let screen = Rect::new(0, 0, size.width, size.height);
    let (header, below) = cut_top(screen, header_rows(size));
    if shape.full_panel {
        return Areas { header, panel: Some(below), ..Areas::default() };
    }
    let side = side_width(shape, size);
    let plan = plan(shape, size, side);
    let (rest, composer) = cut_bottom(below, composer_height(shape, below.height, plan.rows));
    let (rest, notice) = cut_bottom(rest, notice_height(shape, rest.height, plan.rows));
    let (room, side) = match side {
        0 => (rest, None),
        width => {
            let (room, side) = cut_right(rest, width);
            (room, Some(side))
        }
    };
    let strip = plan.arrangement == Arrangement::Tabs && shape.panes > 1 && room.height > FEWEST_ROWS;
    let (tabs, room) = cut_top(room, u16::from(strip));
    Areas {
        too_small: false,
        header,
        panes: place(shape, &plan, room),
        tabs: strip.then_some(tabs),
        side,
        composer,
        notice: (notice.height > 0).then_some(notice),
        panel: None,
        arrangement: plan.arrangement,
    }
}

/// Whether the usage panel can stand beside the panes without changing how they stand. Where it
/// cannot, it starts hidden.
#[must_use]
pub fn side_fits(shape: &Shape, size: Size) -> bool {
    let with = Shape { side_panel: true, ..*shape };
    let side = side_width(&with, size);
    if side == 0 || size.height < SMALLEST.height {
        return false;
    }
    let plan_with = plan(&with, size, side);
    plan_with == plan(&with, size, 0) && (size.width - side) / plan_with.columns.max(1) >= PANE_WIDTH
}

/// How the panes stand, and in how many columns and rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Plan {
    arrangement: Arrangement,
    columns: u16,
    rows: u16,
}

/// The header goes first when rows are few.
fn header_rows(size: Size) -> u16 {
    u16::from(size.height > SMALLEST.height)
}

/// The cells of the usage panel; zero where it is not shown or leaves a pane no room at all.
fn side_width(shape: &Shape, size: Size) -> u16 {
    let room = size.width >= SIDE_WIDTH + SMALLEST.width;
    if shape.side_panel && !shape.full_panel && room { SIDE_WIDTH } else { 0 }
}

/// What the draft wants, as long as each row of panes keeps a row of text and the panes half the screen.
fn composer_height(shape: &Shape, below: u16, rows: u16) -> u16 {
    let most = (below / 2).min(below.saturating_sub(rows.saturating_mul(FEWEST_ROWS)));
    shape.composer_rows.saturating_add(2).min(most).max(FEWEST_ROWS)
}

/// What a long notice wants, as long as the panes keep as much as under a long draft; nothing where
/// that leaves it no row of text.
fn notice_height(shape: &Shape, rest: u16, rows: u16) -> u16 {
    let most = (rest / 2).min(rest.saturating_sub(rows.saturating_mul(FEWEST_ROWS)));
    let height = shape.notice_rows.min(most);
    if height < FEWEST_ROWS { 0 } else { height }
}

fn plan(shape: &Shape, size: Size, side: u16) -> Plan {
    let tabs = Plan { arrangement: Arrangement::Tabs, columns: 1, rows: 1 };
    let count = u16::try_from(shape.panes).unwrap_or(u16::MAX);
    if count <= 1 {
        return Plan { arrangement: Arrangement::Columns, columns: 1, rows: 1 };
    }
    if shape.zoomed {
        return tabs;
    }
    let room = Size::new(size.width - side, size.height - header_rows(size) - FEWEST_ROWS);
    let columns = |width| {
        (room.width / count >= width).then_some(Plan {
            arrangement: Arrangement::Columns,
            columns: count,
            rows: 1,
        })
    };
    let chosen = match shape.choice {
        LayoutChoice::Auto => None,
        LayoutChoice::Columns => columns(CHOSEN_WIDTH),
        LayoutChoice::Rows => (room.height / count >= CHOSEN_HEIGHT).then_some(Plan {
            arrangement: Arrangement::Rows,
            columns: 1,
            rows: count,
        }),
        LayoutChoice::Grid => square(count, room),
        LayoutChoice::Tabs => Some(tabs),
    };
    chosen.or_else(|| columns(PANE_WIDTH)).or_else(|| widest(count, room)).unwrap_or(tabs)
}

/// The grid with the fewest rows.
fn widest(count: u16, room: Size) -> Option<Plan> {
    let most = (room.width / PANE_WIDTH).min(count);
    if most == 0 {
        return None;
    }
    let rows = count.div_ceil(most);
    (room.height / rows >= PANE_HEIGHT).then(|| grid(count.div_ceil(rows), rows))
}

/// The grid that is nearest to a square, for who asked for one.
fn square(count: u16, room: Size) -> Option<Plan> {
    let most = (room.width / CHOSEN_WIDTH).min(count);
    let root = (1..=count).find(|n| n.saturating_mul(*n) >= count)?;
    let fits = |columns: &u16| room.height / count.div_ceil(*columns) >= CHOSEN_HEIGHT;
    let columns = (root.min(most).max(1)..=most).find(fits)?;
    Some(grid(columns, count.div_ceil(columns)))
}

fn grid(columns: u16, rows: u16) -> Plan {
    Plan { arrangement: Arrangement::Grid, columns, rows }
}

fn place(shape: &Shape, plan: &Plan, room: Rect) -> Vec<(usize, Rect)> {
    if shape.panes == 0 {
        return Vec::new();
    }
    if plan.arrangement == Arrangement::Tabs {
        return vec![(shape.current.min(shape.panes - 1), room)];
    }
    let mut panes = Vec::with_capacity(shape.panes);
    for (y, height) in parts(room.height, plan.rows) {
        // The last row may have fewer panes; they share its width.
        let count = (shape.panes - panes.len()).min(usize::from(plan.columns));
        let count = u16::try_from(count).unwrap_or(u16::MAX);
        for (x, width) in parts(room.width, count) {
            panes.push((panes.len(), Rect::new(room.x + x, room.y + y, width, height)));
        }
    }
    panes
}

/// A length in so many parts: where each begins and how long it is. The first ones take what is over.
fn parts(length: u16, count: u16) -> impl Iterator<Item = (u16, u16)> {
    let (each, over) = (length.checked_div(count).unwrap_or(0), length.checked_rem(count).unwrap_or(0));
    (0..count).map(move |n| (n * each + n.min(over), each + u16::from(n < over)))
}

fn cut_top(area: Rect, rows: u16) -> (Rect, Rect) {
    let rows = rows.min(area.height);
    (Rect { height: rows, ..area }, Rect { y: area.y + rows, height: area.height - rows, ..area })
}

fn cut_bottom(area: Rect, rows: u16) -> (Rect, Rect) {
    cut_top(area, area.height.saturating_sub(rows))
}

fn cut_right(area: Rect, cells: u16) -> (Rect, Rect) {
    let left = area.width.saturating_sub(cells);
    (Rect { width: left, ..area }, Rect { x: area.x + left, width: area.width - left, ..area })
}

#[cfg(test)]
#[path = "screen_tests.rs"]
mod tests;
