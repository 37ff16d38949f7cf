//! The line of the room: its name, who is in it, what they see; red when what is shown is not saved.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::text::cell_width;
use crate::text::clip_middle;
use crate::text::one_line;
use crate::tui::action::Action;
use crate::tui::action::Context;
use crate::tui::keymap::key_name;
use crate::tui::state::State;
use crate::tui::theme::Role;
use crate::tui::widget::Field;
use crate::tui::widget::Paint;
use crate::tui::widget::put;
use crate::tui::widget::put_fields;
use crate::tui::widget::put_right;

/// Draws it.
pub fn draw(state: &State, area: Rect, buffer: &mut Buffer, paint: Paint<'_>) {
    let area = Rect { height: area.height.min(1), ..area };
    buffer.set_style(area.intersection(buffer.area), paint.of(Role::Header));
    if let Some(why) = &state.not_saved {
        let wide = " ".repeat(usize::from(area.width));
        put(buffer, area, &wide, paint.of(Role::Bad));
        let text = format!(" NOT SAVED: {} · salon keeps trying; /save all writes a file", one_line(why));
        put(buffer, area, &text, paint.of(Role::Bad));
        return;
    }
    let help =
        state.keymap.chord(Action::Help, Context::Global).map(|key| format!("{} help ", key_name(&key)));
    let help = help.unwrap_or_default();
    let room = usize::from(area.width).saturating_sub(cell_width(&help) + 1);
    put_fields(buffer, area, &fields(state, room), paint);
    put_right(buffer, area, &help, paint.of(Role::Key));
}

/// The fields that fit, the title cut in its middle before the first one goes.
fn fields(state: &State, room: usize) -> Vec<Field> {
    let seats = match state.panes.len() {
        1 => "1 seat".to_owned(),
        n => format!("{n} seats"),
    };
    let mut rest = Vec::new();
    if state.room.read_only.is_some() {
        rest.push(Field::new(" · read only", Role::Warn));
    }
    if state.only_demo() {
        rest.push(Field::new(" · demo models, no key", Role::Demo));
    }
    rest.push(Field::new(format!(" · {seats}"), Role::Header));
    rest.push(Field::new(format!(" · {}", state.room.context.words()), Role::Header));
    let title = state.room.title();
    let least = cell_width(&title).min(16) + 1;
    let mut left = room.saturating_sub(least);
    let mut kept = Vec::new();
    for field in rest {
        let wide = cell_width(&field.text);
        if wide <= left {
            left -= wide;
            kept.push(field);
        }
    }
    // As in the picture: seats and mode first, warnings behind them.
    kept.sort_by_key(|field| field.role != Role::Header);
    let used: usize = kept.iter().map(|field| cell_width(&field.text)).sum();
    let title = clip_middle(&title, room.saturating_sub(used + 1)).into_owned();
    let mut out = vec![Field::new(" ", Role::Header), Field::new(title, Role::Title)];
    out.append(&mut kept);
    out
}
