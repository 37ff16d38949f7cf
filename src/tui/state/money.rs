//! What is shown of money: this turn, the room, today, and the tables of the full view. Amounts are
//! whole; what is live is an estimate and marked so. Play money is never added to real money.

use crate::chat::Pico;
use crate::chat::Sum;
use crate::chat::Turn;
use crate::store::UsageReport;

/// Sums that came from the ledger, and the budget they are held against.
#[derive(Debug, Default)]
pub struct Money {
    /// Today, in the user's zone.
    pub today: Sum,
    /// The room so far.
    pub room: Sum,
    /// The budget of a day.
    pub budget_day: Option<Pico>,
    /// By model and by day, when they were asked for.
    pub reports: Vec<UsageReport>,
}

/// The charges of a turn that are settled.
#[must_use]
pub fn turn_sum(turn: &Turn) -> Sum {
    let mut sum = Sum::default();
    for charge in turn.replies.iter().filter_map(|reply| reply.charge.as_ref()) {
        sum.add(charge);
    }
    sum
}
