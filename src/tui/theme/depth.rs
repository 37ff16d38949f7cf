//! How many colours the terminal has, and the nearest of them. Nothing here asks the terminal: the
//! environment says it, and its variables are given.

use ratatui::style::Color;

/// How many colours there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Red, green and blue as wanted.
    TrueColor,
    /// A cube of six steps, and greys.
    Ansi256,
    /// The terminal's own sixteen.
    Ansi16,
    /// None: bold, underline and reverse only.
    None,
}

/// Terminals that have all colours and do not always say so.
const RICH: &[&str] = &["xterm-kitty", "xterm-ghostty", "alacritty", "foot", "wezterm", "contour", "rio"];

impl Depth {
    /// What the environment says; `var` gives a variable. `NO_COLOR` counts most, then
    /// `CLICOLOR_FORCE`, `COLORTERM`, `TERM`. A variable that is empty is not set.
    #[must_use]
    pub fn detect(var: impl Fn(&str) -> Option<String>) -> Self {
        let var = |name| var(name).filter(|value| !value.is_empty());
        if var("NO_COLOR").is_some() {
            return Self::None;
        }
        let rich = var("COLORTERM").is_some_and(|value| value == "truecolor" || value == "24bit");
        let term = var("TERM").unwrap_or_default();
        let forced = var("CLICOLOR_FORCE").is_some_and(|value| value != "0");
        let poor = if forced { Self::Ansi16 } else { Self::None };
        match term.as_str() {
            "" | "dumb" | "vt100" | "vt102" | "vt220" => {
                if rich && term.is_empty() {
                    Self::TrueColor
                } else {
                    poor
                }
            }
            _ if rich || term.ends_with("-direct") || RICH.contains(&&*term) => Self::TrueColor,
            term if term.contains("256color") => Self::Ansi256,
            _ => Self::Ansi16,
        }
    }

    /// The nearest colour that there is.
    #[must_use]
    pub fn nearest(self, colour: Color) -> Color {
        match (self, colour) {
            (Self::TrueColor, _) | (_, Color::Reset) => colour,
            (Self::None, _) => Color::Reset,
            (Self::Ansi256, Color::Rgb(red, green, blue)) => Color::Indexed(cube([red, green, blue])),
            (Self::Ansi16, Color::Rgb(red, green, blue)) => own([red, green, blue]),
            (Self::Ansi16, Color::Indexed(index)) => match usize::from(index) {
                low @ 0..16 => SIXTEEN.get(low).map_or(Color::Reset, |(colour, _)| *colour),
                _ => own(parts(index)),
            },
            (Self::Ansi256 | Self::Ansi16, _) => colour,
        }
    }
}

/// A ratio of five to one, in hundredths: what is read better need not stay so.
const ENOUGH: u64 = 500;

impl Depth {
    /// The nearest colour that can be read on these grounds, as they are shown, as well as it was
    /// meant to be. Where there is none: the one that is read best.
    #[must_use]
    pub fn nearest_on(self, colour: Color, grounds: &[Color]) -> Color {
        let Some(wanted) = rgb(colour).filter(|_| matches!(self, Self::Ansi256 | Self::Ansi16)) else {
            return self.nearest(colour);
        };
        let pairs: Vec<_> =
            grounds.iter().filter_map(|ground| Some((rgb(*ground)?, rgb(self.nearest(*ground))?))).collect();
        let nearest = self.nearest(colour);
        // How far the worst of the grounds is from what it shall be, in hundredths.
        let lack = |have: [u8; 3]| {
            let lacks = |(meant, shown): &([u8; 3], [u8; 3])| {
                contrast(wanted, *meant).min(ENOUGH).saturating_sub(contrast(have, *shown))
            };
            pairs.iter().map(lacks).max().unwrap_or(0)
        };
        if rgb(nearest).is_none_or(|have| lack(have) == 0) {
            return nearest;
        }
        let rich = (16..=255).map(|index| (Color::Indexed(index), parts(index)));
        let all: Vec<_> = if self == Self::Ansi256 { rich.collect() } else { SIXTEEN.to_vec() };
        let best = all.into_iter().min_by_key(|(_, have)| (lack(*have), distance(wanted, *have)));
        best.map_or(nearest, |(colour, _)| colour)
    }
}

/// What a colour looks like, as far as that is known.
fn rgb(colour: Color) -> Option<[u8; 3]> {
    match colour {
        Color::Rgb(red, green, blue) => Some([red, green, blue]),
        Color::Indexed(index @ 16..) => Some(parts(index)),
        Color::Indexed(index) => SIXTEEN.get(usize::from(index)).map(|(_, parts)| *parts),
        named => SIXTEEN.iter().find(|(colour, _)| *colour == named).map(|(_, parts)| *parts),
    }
}

/// How well two colours are told apart, in hundredths: by squares in place of the exact curve, which
/// says a little less of what is dark on light.
fn contrast(one: [u8; 3], other: [u8; 3]) -> u64 {
    const WHITE: u64 = 255 * 255 * 10_000;
    let light = |[red, green, blue]: [u8; 3]| {
        let square = |part: u8| u64::from(part).pow(2);
        2_126 * square(red) + 7_152 * square(green) + 722 * square(blue) + WHITE / 20
    };
    let (one, other) = (light(one), light(other));
    one.max(other) * 100 / one.min(other)
}

/// The sixteen as most terminals have them.
const SIXTEEN: [(Color, [u8; 3]); 16] = [
    (Color::Black, [0, 0, 0]),
    (Color::Red, [205, 0, 0]),
    (Color::Green, [0, 205, 0]),
    (Color::Yellow, [205, 205, 0]),
    (Color::Blue, [0, 0, 238]),
    (Color::Magenta, [205, 0, 205]),
    (Color::Cyan, [0, 205, 205]),
    (Color::Gray, [229, 229, 229]),
    (Color::DarkGray, [127, 127, 127]),
    (Color::LightRed, [255, 0, 0]),
    (Color::LightGreen, [0, 255, 0]),
    (Color::LightYellow, [255, 255, 0]),
    (Color::LightBlue, [92, 92, 255]),
    (Color::LightMagenta, [255, 0, 255]),
    (Color::LightCyan, [0, 255, 255]),
    (Color::White, [255, 255, 255]),
];

/// The steps of the cube.
const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];

fn own(wanted: [u8; 3]) -> Color {
    let near = SIXTEEN.iter().min_by_key(|(_, have)| distance(wanted, *have));
    near.map_or(Color::Reset, |(colour, _)| *colour)
}

fn cube(wanted: [u8; 3]) -> u8 {
    let near = (16..=255).min_by_key(|index| distance(wanted, parts(*index)));
    near.unwrap_or(15)
}

/// Red, green and blue of a colour above the sixteen.
fn parts(index: u8) -> [u8; 3] {
    if index >= 232 {
        return [(index - 232) * 10 + 8; 3];
    }
    let at = index.saturating_sub(16);
    [at / 36, at / 6 % 6, at % 6].map(|step| STEPS.get(usize::from(step)).copied().unwrap_or(0))
}

/// Weighted as eyes are.
fn distance(one: [u8; 3], other: [u8; 3]) -> u32 {
    let weights = [3, 6, 2];
    let parts = one.iter().zip(other).zip(weights);
    parts.map(|((one, other), weight)| u32::from(one.abs_diff(other)).pow(2) * weight).sum()
}
