//! How nouns are written in columns: ids as 16 bytes, names as their words, lists and small records
//! as JSON text. What a provider made (tool arguments, opaque state) is kept as the exact text.

use rusqlite::Row;
use rusqlite::types::FromSql;
use rusqlite::types::Type;
use serde::Deserialize;
use serde::Serialize;
use uuid::Uuid;

use crate::chat::Charge;
use crate::chat::Effort;
use crate::chat::Fault;
use crate::chat::FaultClass;
use crate::chat::Format;
use crate::chat::ModelRef;
use crate::chat::Params;
use crate::chat::Pico;
use crate::chat::SeatId;
use crate::chat::Source;
use crate::chat::Tariff;
use crate::chat::Tokens;
use crate::chat::ToolCall;
use crate::store::DeltaKind;
use crate::text::Untrusted;

/// Reads the columns of a row from left to right, in the order of the SELECT.
pub(super) struct Columns<'row, 'stmt> {
    row: &'row Row<'stmt>,
    next: usize,
}

impl<'row, 'stmt> Columns<'row, 'stmt> {
    /// From the first column on.
    pub(super) fn of(row: &'row Row<'stmt>) -> Self {
        Self { row, next: 0 }
    }

    /// The next column.
    pub(super) fn get<T: FromSql>(&mut self) -> rusqlite::Result<T> {
        self.next += 1;
        self.row.get(self.next - 1)
    }

    /// The next column, an id.
    pub(super) fn uuid(&mut self) -> rusqlite::Result<Uuid> {
        self.get().map(Uuid::from_bytes)
    }

    /// The next column, an id or nothing.
    pub(super) fn maybe_uuid(&mut self) -> rusqlite::Result<Option<Uuid>> {
        Ok(self.get::<Option<[u8; 16]>>()?.map(Uuid::from_bytes))
    }

    /// The next column, a count.
    pub(super) fn count(&mut self) -> rusqlite::Result<u64> {
        self.get::<i64>().map(unsigned)
    }

    /// The next column, a count or nothing.
    pub(super) fn maybe_count(&mut self) -> rusqlite::Result<Option<u64>> {
        Ok(self.get::<Option<i64>>()?.map(unsigned))
    }

    /// The next column, a text from outside or nothing.
    pub(super) fn maybe_outside(&mut self) -> rusqlite::Result<Option<Untrusted>> {
        Ok(self.get::<Option<String>>()?.map(Untrusted::from))
    }

    /// The next column, a word that `from` knows.
    pub(super) fn word<T>(&mut self, from: fn(&str) -> Option<T>) -> rusqlite::Result<T> {
        let text = self.text()?;
        from(text).ok_or_else(|| self.odd(text))
    }

    /// The next column, a text where it stands: it is not copied.
    fn text(&mut self) -> rusqlite::Result<&'row str> {
        self.maybe_text()?.ok_or_else(|| self.odd("nothing"))
    }

    /// The next column, a text where it stands, or nothing.
    fn maybe_text(&mut self) -> rusqlite::Result<Option<&'row str>> {
        self.next += 1;
        self.row.get_ref(self.next - 1)?.as_str_or_null().map_err(rusqlite::Error::from)
    }

    /// The next column, JSON text.
    pub(super) fn json<T: for<'de> Deserialize<'de>>(&mut self) -> rusqlite::Result<T> {
        let text = self.text()?;
        serde_json::from_str(text).map_err(|error| {
            rusqlite::Error::FromSqlConversionFailure(self.next - 1, Type::Text, Box::new(error))
        })
    }

    /// The next column, a JSON list, which has nothing in it for most rows.
    pub(super) fn list<T: for<'de> Deserialize<'de>>(&mut self) -> rusqlite::Result<Vec<T>> {
        let at = self.next;
        if self.text()? == "[]" {
            return Ok(Vec::new());
        }
        self.next = at;
        self.json()
    }

    /// The next two columns, a model.
    pub(super) fn model(&mut self) -> rusqlite::Result<ModelRef> {
        Ok(ModelRef { provider: self.get()?, id: self.get()? })
    }

    /// The next ten columns, tokens.
    pub(super) fn tokens(&mut self) -> rusqlite::Result<Tokens> {
        Ok(Tokens {
            input: self.maybe_count()?,
            cache_read: self.maybe_count()?,
            cache_write: self.maybe_count()?,
            cache_write_1h: self.maybe_count()?,
            output: self.maybe_count()?,
            reasoning: self.maybe_count()?,
            audio_input: self.maybe_count()?,
            audio_output: self.maybe_count()?,
            image_output: self.maybe_count()?,
            searches: self.maybe_count()?,
        })
    }

    /// The next three columns, a charge.
    pub(super) fn charge(&mut self) -> rusqlite::Result<Charge> {
        Ok(Charge {
            amount: self.get::<Option<i64>>()?.map(Pico),
            source: self.word(Source::from_name)?,
            tariff: self.word(Tariff::from_name)?,
        })
    }

    /// The next three columns, a charge or nothing.
    pub(super) fn maybe_charge(&mut self) -> rusqlite::Result<Option<Charge>> {
        let amount = self.get::<Option<i64>>()?.map(Pico);
        let (source, tariff) = (self.maybe_text()?, self.maybe_text()?);
        let (Some(source), Some(tariff)) = (source, tariff) else { return Ok(None) };
        Ok(Some(Charge {
            amount,
            source: Source::from_name(source).ok_or_else(|| self.odd(source))?,
            tariff: Tariff::from_name(tariff).ok_or_else(|| self.odd(tariff))?,
        }))
    }

    fn odd(&self, text: &str) -> rusqlite::Error {
        let error = format!("{text:?} is no value of this column");
        rusqlite::Error::FromSqlConversionFailure(self.next.saturating_sub(1), Type::Text, error.into())
    }
}

/// The id in a column.
pub(super) fn uuid_at(row: &Row<'_>, index: usize) -> rusqlite::Result<Uuid> {
    row.get(index).map(Uuid::from_bytes)
}

/// A count as SQLite keeps it. More than 9.2 × 10^18 is written as that.
pub(super) fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A count or nothing, as SQLite keeps it.
pub(super) fn maybe_signed(count: Option<u64>) -> Option<i64> {
    count.map(signed)
}

fn unsigned(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}

/// A text from outside, exactly.
pub(super) fn raw(text: Option<&Untrusted>) -> Option<&str> {
    text.map(Untrusted::raw)
}

/// A charge as it may be written: an amount and a known source, or neither.
pub(super) fn settled(charge: &Charge) -> Charge {
    match (charge.amount, charge.source) {
        (None, _) | (_, Source::Unknown) => Charge::unknown(charge.tariff),
        _ => *charge,
    }
}

/// The number of a kind of delta.
pub(super) fn kind_number(kind: DeltaKind) -> i64 {
    match kind {
        DeltaKind::Text => 0,
        DeltaKind::Thinking => 1,
        DeltaKind::ToolCall => 2,
        DeltaKind::Opaque => 3,
        DeltaKind::Part => 4,
        DeltaKind::Note => 5,
    }
}

/// The kind of a number; the table holds no other.
pub(super) fn kind_of(number: i64) -> DeltaKind {
    match number {
        1 => DeltaKind::Thinking,
        2 => DeltaKind::ToolCall,
        3 => DeltaKind::Opaque,
        4 => DeltaKind::Part,
        5 => DeltaKind::Note,
        _ => DeltaKind::Text,
    }
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct CallRecord {
    id: String,
    name: String,
    arguments: String,
}

impl CallRecord {
    fn of(call: &ToolCall) -> Self {
        Self {
            id: call.id.clone(),
            name: call.name.raw().to_owned(),
            arguments: call.arguments.raw().to_owned(),
        }
    }

    fn into_call(self) -> ToolCall {
        ToolCall { id: self.id, name: self.name.into(), arguments: self.arguments.into() }
    }
}

/// A tool call as JSON text.
pub(super) fn tool_call_json(call: &ToolCall) -> String {
    json(&CallRecord::of(call))
}

/// The tool call in a JSON text. What is none is kept whole as the arguments of a call without a name.
pub(super) fn tool_call(text: &str) -> ToolCall {
    let record = serde_json::from_str::<CallRecord>(text)
        .unwrap_or_else(|_| CallRecord { arguments: text.to_owned(), ..CallRecord::default() });
    record.into_call()
}

/// A list of tool calls, as JSON text.
pub(super) fn tool_calls_json(calls: &[ToolCall]) -> String {
    json(&calls.iter().map(CallRecord::of).collect::<Vec<_>>())
}

/// The list in a column.
pub(super) fn tool_calls(columns: &mut Columns<'_, '_>) -> rusqlite::Result<Vec<ToolCall>> {
    Ok(columns.list::<CallRecord>()?.into_iter().map(CallRecord::into_call).collect())
}

/// A list of texts, each kept exactly, as JSON text.
pub(super) fn texts_json(texts: &[String]) -> String {
    json(&texts)
}

/// Seats as a JSON list of their numbers.
pub(super) fn seats_json(seats: &[SeatId]) -> String {
    json(&seats.iter().map(|seat| seat.0).collect::<Vec<_>>())
}

/// The seats in a column.
pub(super) fn seats(columns: &mut Columns<'_, '_>) -> rusqlite::Result<Vec<SeatId>> {
    Ok(columns.json::<Vec<u32>>()?.into_iter().map(SeatId).collect())
}

/// Parameters of a seat. Fractions are kept as their shortest decimal text, which reads back exactly.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct ParamsRecord {
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_k: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stop: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frequency_penalty: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    presence_penalty: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    effort: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verbosity: Option<String>,
    /// `json`, or the text of a JSON Schema.
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    openrouter: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extra_body: Option<String>,
}

/// Parameters as JSON text.
pub(super) fn params_json(params: &Params) -> String {
    let text = |number: Option<f64>| number.map(|number| number.to_string());
    json(&ParamsRecord {
        temperature: text(params.temperature),
        top_p: text(params.top_p),
        top_k: params.top_k,
        max_tokens: params.max_tokens,
        stop: params.stop.clone(),
        seed: params.seed,
        frequency_penalty: text(params.frequency_penalty),
        presence_penalty: text(params.presence_penalty),
        effort: params.effort.map(|effort| effort.name().to_owned()),
        thinking_tokens: params.thinking_tokens,
        verbosity: params.verbosity.map(|effort| effort.name().to_owned()),
        format: params.format.as_ref().map(Format::text),
        openrouter: params.openrouter.clone(),
        extra_body: params.extra_body.clone(),
    })
}

/// The parameters in a column.
pub(super) fn params(columns: &mut Columns<'_, '_>) -> rusqlite::Result<Params> {
    let record: ParamsRecord = columns.json()?;
    let number = |text: Option<String>| text.and_then(|text| text.parse::<f64>().ok());
    Ok(Params {
        temperature: number(record.temperature),
        top_p: number(record.top_p),
        top_k: record.top_k,
        max_tokens: record.max_tokens,
        stop: record.stop,
        seed: record.seed,
        frequency_penalty: number(record.frequency_penalty),
        presence_penalty: number(record.presence_penalty),
        effort: record.effort.and_then(|name| Effort::from_name(&name)),
        thinking_tokens: record.thinking_tokens,
        verbosity: record.verbosity.and_then(|name| Effort::from_name(&name)),
        format: record.format.map(Format::from_text),
        openrouter: record.openrouter,
        extra_body: record.extra_body,
    })
}

#[derive(Serialize, Deserialize)]
struct FaultRecord {
    class: String,
    message: String,
    hint: String,
    http_status: Option<u16>,
    retry_after_ms: Option<u64>,
    retryable: bool,
    unsent: bool,
    cut: bool,
}

/// A fault as JSON text.
pub(super) fn fault_json(fault: &Fault) -> String {
    json(&FaultRecord {
        class: fault.class.name().to_owned(),
        message: fault.message.raw().to_owned(),
        hint: fault.hint.clone(),
        http_status: fault.http_status,
        retry_after_ms: fault.retry_after_ms,
        retryable: fault.retryable,
        unsent: fault.unsent,
        cut: fault.cut,
    })
}

/// The fault in a JSON text.
pub(super) fn fault(text: &str) -> Option<Fault> {
    let record: FaultRecord = serde_json::from_str(text).ok()?;
    Some(Fault {
        class: FaultClass::from_name(&record.class).unwrap_or(FaultClass::Internal),
        message: record.message.into(),
        hint: record.hint,
        http_status: record.http_status,
        retry_after_ms: record.retry_after_ms,
        retryable: record.retryable,
        unsent: record.unsent,
        cut: record.cut,
    })
}

/// Plain records of texts and numbers always become JSON; `null` stands for what cannot be.
fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}
