//! Exact amounts from the native formats, through their decoders: what Messages, Gemini and
//! Responses count, and what that costs.

use crate::chat::Billing;
use crate::chat::Charge;
use crate::chat::Endpoint;
use crate::chat::Millis;
use crate::chat::ModelInfo;
use crate::chat::ModelRef;
use crate::chat::Pico;
use crate::chat::Source;
use crate::chat::StreamEvent;
use crate::chat::Tariff;
use crate::chat::Tokens;
use crate::price::Amounts;
use crate::price::Listed;
use crate::price::Listing;
use crate::price::Override;
use crate::price::PriceBook;
use crate::price::Unit;
use crate::price::Work;
use crate::provider::anthropic;
use crate::provider::driver::Halves;
use crate::provider::gemini;
use crate::provider::openai::tests::{asked, endpoint};

/// The last count of a stream.
fn counted(halves: &Halves, stream: &str) -> (Tokens, Billing) {
    let endpoint: Endpoint = endpoint();
    let mut decoder = (halves.decoder)(&endpoint, &asked("lab/m"));
    let mut events = Vec::new();
    decoder.push(stream.as_bytes(), &mut events).expect("a stream");
    decoder.end(&mut events).expect("an end");
    let last = events.into_iter().rev().find_map(|event| match event {
        StreamEvent::Usage { tokens, billing, .. } => Some((tokens, billing)),
        _ => None,
    });
    last.expect("a count")
}

/// A price a million tokens: input, output, read, written, written for an hour.
fn amounts([input, output, read, write, hour]: [&str; 5]) -> Amounts {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Amounts {
        input: some(input),
        output: some(output),
        cache_read: some(read),
        cache_write: some(write),
        cache_write_1h: some(hour),
        ..Amounts::default()
    }
}

/// A model without a price for long requests.
const FLAT: [&str; 5] = [""; 5];

fn book(models: &[(&str, [&str; 5], [&str; 5])]) -> PriceBook {
    let listings = models.iter().map(|(id, base, long)| {
        let long = Override { above: Some(200_000), amounts: amounts(*long), ..Override::default() };
        let overrides = if long.amounts == Amounts::default() { Vec::new() } else { vec![long] };
        let price = Listed { unit: Unit::Million, base: amounts(*base), overrides, ..Listed::default() };
        Listing { info: ModelInfo::bare(ModelRef::new("lab", *id)), price: Some(price) }
    });
    let book = PriceBook::default();
    book.adopt("lab", listings.collect(), Millis(1));
    book
}

fn charge(book: &PriceBook, (tokens, billing): (Tokens, Billing)) -> Charge {
    book.charge(&ModelRef::new("lab", "m"), &Work { billing, ..Work::of(tokens) }, Tariff::Metered)
}

fn exactly(usd: &str) -> Charge {
    Charge::of(Pico::from_usd(usd).expect("dollars"), Source::Computed, Tariff::Metered)
}

const CLAUDE: (&str, [&str; 5], [&str; 5]) = ("m", ["3", "15", "0.3", "3.75", "6"], FLAT);

/// A reply of Messages whose counts come so.
fn messages(start: &str, deltas: &[&str]) -> String {
    let mut out = format!(
        "event: message_start\ndata: {{\"type\":\"message_start\",\"message\":{{\"id\":\"msg_1\",\"model\":\"m\",\"role\":\"assistant\",\"content\":[],\"usage\":{start}}}}}\n\n\
         event: content_block_start\ndata: {{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{{\"type\":\"text\",\"text\":\"\"}}}}\n\n\
         event: content_block_delta\ndata: {{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{{\"type\":\"text_delta\",\"text\":\"x\"}}}}\n\n\
         event: content_block_stop\ndata: {{\"type\":\"content_block_stop\",\"index\":0}}\n\n"
    );
    for usage in deltas {
        out.push_str(&format!(
            "event: message_delta\ndata: {{\"type\":\"message_delta\",\"delta\":{{\"stop_reason\":\"end_turn\"}},\"usage\":{usage}}}\n\n"
        ));
    }
    out.push_str("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n");
    out
}

#[test]
fn messages_with_short_and_long_writes() {
    let start = r#"{"input_tokens":47,"cache_creation_input_tokens":2100,"cache_read_input_tokens":8192,
        "cache_creation":{"ephemeral_5m_input_tokens":600,"ephemeral_1h_input_tokens":1500},"output_tokens":1}"#
        .replace('\n', "");
    let counted = counted(&anthropic::HALVES, &messages(&start, &[r#"{"output_tokens":60}"#]));
    assert_eq!(charge(&book(&[CLAUDE]), counted), exactly("0.0147486"));
}

/// A program added the counts of each delta to those before; they are cumulative, and repeat the input.
#[test]
fn messages_whose_counts_are_repeated() {
    let start = r#"{"input_tokens":47,"cache_creation_input_tokens":2100,"cache_read_input_tokens":8192,"output_tokens":1}"#;
    let grown = |output: u64| {
        format!(
            r#"{{"input_tokens":47,"cache_creation_input_tokens":2100,"cache_read_input_tokens":8192,"output_tokens":{output}}}"#
        )
    };
    let deltas = [grown(20), grown(40), grown(60)];
    let deltas: Vec<&str> = deltas.iter().map(String::as_str).collect();
    let counted = counted(&anthropic::HALVES, &messages(start, &deltas));
    assert_eq!(counted.0.input_total(), Some(10_339));
    assert_eq!(charge(&book(&[CLAUDE]), counted), exactly("0.0113736"));
}

#[test]
fn messages_in_which_another_model_worked() {
    let end = r#"{"input_tokens":1000,"output_tokens":100,"iterations":[{"type":"message","input_tokens":1000,"output_tokens":100},{"type":"advisor_message","model":"big","input_tokens":200,"output_tokens":10}]}"#;
    let start = r#"{"input_tokens":1000,"output_tokens":1}"#;
    let counted = counted(&anthropic::HALVES, &messages(start, &[end]));
    let big = ("big", ["30", "150", "", "", ""], FLAT);
    // 1000 × 3 + 100 × 15 + 200 × 30 + 10 × 150 millionths.
    assert_eq!(charge(&book(&[CLAUDE, big]), counted.clone()), exactly("0.012"));
    assert_eq!(charge(&book(&[CLAUDE]), counted).amount, None, "a part of unknown price is no zero");
}

/// Thoughts that only the total knows of are paid for, and told to be an estimate.
#[test]
fn gemini_with_thoughts_that_are_not_counted() {
    let stream = "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"x\"}],\"role\":\"model\"},\"finishReason\":\"STOP\"}],\
                  \"usageMetadata\":{\"promptTokenCount\":1000,\"candidatesTokenCount\":20,\"totalTokenCount\":1420},\"modelVersion\":\"m\"}\n\n";
    let model = ("m", ["1.25", "10", "0.125", "", ""], FLAT);
    // 1000 × 1.25 + 420 × 10 millionths.
    let about = Charge::of(Pico::from_usd("0.00545").expect("dollars"), Source::Estimated, Tariff::Metered);
    assert_eq!(charge(&book(&[model]), counted(&gemini::HALVES, stream)), about);
}

#[test]
fn gemini_with_thoughts_above_the_threshold() {
    let stream = "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"x\"}],\"role\":\"model\"},\"finishReason\":\"STOP\"}],\
                  \"usageMetadata\":{\"promptTokenCount\":210000,\"cachedContentTokenCount\":180000,\
                  \"candidatesTokenCount\":120,\"thoughtsTokenCount\":400,\"totalTokenCount\":210520},\"modelVersion\":\"m\"}\n\n";
    let model = ("m", ["1.25", "10", "0.125", "", ""], ["2.5", "15", "0.25", "", ""]);
    assert_eq!(charge(&book(&[model]), counted(&gemini::HALVES, stream)), exactly("0.1278"));
}
