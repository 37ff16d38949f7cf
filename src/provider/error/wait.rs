//! How long a provider asks to wait, out of the many ways in which providers say it. The values
//! come from outside: what is negative, no number or in the past is not believed, and what is
//! absurdly long is cut, because it is only shown.

use crate::chat::Millis;
use crate::provider::error::Head;
use crate::provider::error::body::Report;

/// No longer wait is told: thirty days.
const LONGEST_MS: u64 = 30 * 24 * 3600 * 1000;

/// Numbers below this are seconds, not milliseconds, since 1970.
const SMALLEST_MS: i128 = 1_000_000_000_000;

/// Numbers below this are a wait, not a point in time since 1970.
const SMALLEST_S: i128 = 1_000_000_000;

/// The wait in milliseconds, by the first way that says one.
pub(super) fn retry_after_ms(head: &Head, report: &Report, now: Millis) -> Option<u64> {
    let now = head.get("date").and_then(http_date).unwrap_or(now);
    let wait = head
        .get("retry-after-ms")
        .and_then(|text| decimal_ms(text, 0))
        .or_else(|| head.get("retry-after").and_then(|text| decimal_ms(text, 3)))
        .or_else(|| head.get("retry-after").and_then(http_date).map(|at| until(at, now)))
        .or_else(|| report.wait.as_deref().and_then(|text| decimal_ms(text, 3)))
        .or_else(|| reset(head.get("x-ratelimit-reset").or(report.reset.as_deref())?, now))
        .or_else(|| lifted(head, now));
    wait.map(|ms| ms.min(LONGEST_MS))
}

fn until(at: Millis, now: Millis) -> u64 {
    u64::try_from(at.0.saturating_sub(now.0)).unwrap_or(0)
}

/// A decimal number times 10^`places`, rounded up; `None` for what is negative or no plain number.
fn decimal_ms(text: &str, places: usize) -> Option<u64> {
    let text = text.trim();
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
    if digits.is_empty() || digits.len() > 400 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    // The value is `digits` with the point after that many of them.
    let point = i64::try_from(whole.len() + places).ok()?.checked_add(exponent)?;
    let at =
        |place: i64| usize::try_from(place).ok().and_then(|place| digits.get(place)).map_or(0, |d| d - b'0');
    let mut value: u64 = 0;
    for place in 0..point.clamp(0, 1024) {
        value = value.saturating_mul(10).saturating_add(u64::from(at(place)));
    }
    let rest = usize::try_from(point.max(0)).ok()?;
    let more = digits.get(rest..).unwrap_or_default().iter().any(|digit| *digit != b'0');
    let tiny = point < 0 && digits.iter().any(|digit| *digit != b'0');
    Some(value.saturating_add(u64::from(more || tiny)))
}

fn http_date(text: &str) -> Option<Millis> {
    let zoned = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(Millis(zoned.as_millisecond()))
}

/// A point in time since 1970, in seconds or milliseconds.
fn reset(text: &str, now: Millis) -> Option<u64> {
    let at: i128 = text.trim().parse().ok().filter(|at| *at > 0)?;
    let at = if at < SMALLEST_MS { at * 1000 } else { at };
    Some(until(Millis(i64::try_from(at).ok()?), now))
}

/// How long until the limits are lifted that a response calls used up; `None` when it calls none so.
/// A response of success says this too, for the requests that come after it.
pub(super) fn spent_for_ms(head: &Head, now: Millis) -> Option<u64> {
    let now = head.get("date").and_then(http_date).unwrap_or(now);
    let waits = resets(head, now).into_iter().filter(|(spent, _)| *spent).map(|(_, wait)| wait);
    waits.max().map(|ms| ms.min(LONGEST_MS))
}

/// The longest wait of the limits that are used up; of all limits, when none is called so.
fn lifted(head: &Head, now: Millis) -> Option<u64> {
    let resets = resets(head, now);
    let spent = resets.iter().filter(|(spent, _)| *spent).map(|(_, wait)| *wait).max();
    spent.or_else(|| resets.iter().map(|(_, wait)| *wait).max())
}

/// Of each limit of a response: whether nothing of it is left, and the wait until it is lifted.
fn resets(head: &Head, now: Millis) -> Vec<(bool, u64)> {
    let of = |(name, value): &(String, String)| {
        if !(name.contains("ratelimit") && name.contains("reset")) {
            return None;
        }
        let left = head.get(&name.replacen("reset", "remaining", 1));
        let spent = left.and_then(|left| decimal_ms(left, 0)) == Some(0);
        moment(value.trim(), now).map(|wait| (spent, wait))
    };
    head.headers.iter().filter_map(of).collect()
}

/// The wait that the reset of a limit means: a point in time, a duration, or plain seconds.
fn moment(text: &str, now: Millis) -> Option<u64> {
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Some(until(Millis(at.as_millisecond()), now));
    }
    match text.parse::<i128>() {
        Ok(number) if number >= SMALLEST_S => reset(text, now),
        _ => go_duration(text).or_else(|| decimal_ms(text, 3)),
    }
}

/// A duration as Go writes it: `120ms`, `2.98s`, `1h2m3s`.
fn go_duration(text: &str) -> Option<u64> {
    let mut total: u64 = 0;
    let mut rest = text;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
        let (number, tail) = rest.split_at_checked(digits)?;
        let letters = tail.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (unit, tail) = tail.split_at_checked(letters)?;
        let ms = match unit {
            "ms" => decimal_ms(number, 0)?,
            "s" => decimal_ms(number, 3)?,
            "m" => decimal_ms(number, 3)?.saturating_mul(60),
            "h" => decimal_ms(number, 3)?.saturating_mul(3600),
            _ => return None,
        };
        total = total.saturating_add(ms);
        rest = tail;
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(headers: &[(&str, &str)]) -> Option<u64> {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        retry_after_ms(&Head { status: 429, headers }, &Report::default(), Millis(1_787_000_000_000))
    }

    #[test]
    fn every_way_to_say_it() {
        type Row<'a> = (&'a [(&'a str, &'a str)], Option<u64>);
        let table: &[Row<'_>] = &[
            (&[("retry-after", "17")], Some(17_000)),
            (&[("retry-after", "1.5")], Some(1_500)),
            (&[("retry-after", "3"), ("retry-after-ms", "2980")], Some(2_980)),
            (&[("retry-after-ms", "12.2")], Some(13)),
            (&[("retry-after", "0")], Some(0)),
            (&[("retry-after", "-1")], None),
            (&[("retry-after", "NaN")], None),
            (&[("retry-after", "inf")], None),
            (&[("retry-after", "1e308")], Some(LONGEST_MS)),
            (&[("retry-after", "1e999999999999")], Some(LONGEST_MS)),
            (&[("retry-after", "1e99999999999999999999")], None),
            (&[("retry-after", "1e-999")], Some(1)),
            (&[("retry-after", "")], None),
            (&[("retry-after", "soon")], None),
            (
                &[
                    ("retry-after", "Sat, 22 Aug 2026 09:16:30 GMT"),
                    ("date", "Sat, 22 Aug 2026 09:16:00 GMT"),
                ],
                Some(30_000),
            ),
            (&[("retry-after", "Sat, 22 Aug 2020 09:16:30 GMT")], Some(0)),
            (&[("x-ratelimit-reset", "1787000005000")], Some(5_000)),
            (&[("x-ratelimit-reset", "1787000005")], Some(5_000)),
            (&[("x-ratelimit-reset", "-5")], None),
            (&[("x-ratelimit-reset-requests", "120ms"), ("x-ratelimit-reset-tokens", "2.98s")], Some(2_980)),
            (&[("x-ratelimit-reset-tokens", "1h2m3s")], Some(3_723_000)),
            (&[("x-ratelimit-reset-tokens", "5 parsecs")], None),
            // Of several limits the one that is used up counts.
            (
                &[
                    ("x-ratelimit-remaining-requests", "0"),
                    ("x-ratelimit-reset-requests", "2s"),
                    ("x-ratelimit-remaining-tokens", "9000"),
                    ("x-ratelimit-reset-tokens", "6m0s"),
                ],
                Some(2_000),
            ),
            (&[("anthropic-ratelimit-input-tokens-reset", "2026-08-17T17:20:00Z")], Some(0)),
            (&[("x-ratelimit-reset-requests-day", "33.25")], Some(33_250)),
            (&[("ratelimit-reset", "12")], Some(12_000)),
            (&[], None),
        ];
        for (headers, expected) in table {
            assert_eq!(wait(headers), *expected, "{headers:?}");
        }
    }

    #[test]
    fn a_success_says_what_is_used_up() {
        type Row<'a> = (&'a [(&'a str, &'a str)], Option<u64>);
        let table: &[Row<'_>] = &[
            (&[("x-ratelimit-remaining-requests", "0"), ("x-ratelimit-reset-requests", "6s")], Some(6_000)),
            (&[("x-ratelimit-remaining-requests", "1"), ("x-ratelimit-reset-requests", "6s")], None),
            (&[("x-ratelimit-remaining-requests", "0")], None),
            (&[("x-ratelimit-reset-requests", "6s")], None),
            (&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1787000005000")], Some(5_000)),
            (
                &[
                    ("anthropic-ratelimit-requests-remaining", "0"),
                    ("anthropic-ratelimit-requests-reset", "2026-08-22T09:16:30Z"),
                    ("anthropic-ratelimit-tokens-remaining", "8000"),
                    ("anthropic-ratelimit-tokens-reset", "2026-08-22T09:59:00Z"),
                    ("date", "Sat, 22 Aug 2026 09:16:00 GMT"),
                ],
                Some(30_000),
            ),
            (&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "-5")], None),
            (&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "9e999")], Some(LONGEST_MS)),
            (&[("retry-after", "9")], None),
        ];
        for (headers, expected) in table {
            let named = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            let head = Head { status: 200, headers: named.collect() };
            assert_eq!(spent_for_ms(&head, Millis(1_787_000_000_000)), *expected, "{headers:?}");
        }
    }
}
