//! What becomes of the parameters, model by model.

use super::*;
use crate::provider::openai::tests::asked;

fn plan(id: &str, params: Params) -> Plan {
    let mut asked = asked(&format!("anthropic/{id}"));
    asked.params = params;
    of(&asked)
}

fn effort(effort: Effort) -> Params {
    Params { effort: Some(effort), ..Params::default() }
}

#[test]
fn a_reply_has_the_length_of_its_model_when_none_is_set() {
    for (id, most) in [
        ("claude-opus-5", 128_000),
        ("claude-sonnet-4-6", 128_000),
        ("claude-sonnet-4-5", 64_000),
        ("claude-opus-4-1", 32_000),
        ("claude-3-haiku-20240307", 4_096),
        ("kestrel", 8_192),
    ] {
        let plan = plan(id, Params::default());
        assert_eq!(plan, Plan { max_tokens: most, ..Plan::default() }, "{id}: and nothing else is sent");
    }
    assert_eq!(plan("claude-opus-5", Params { max_tokens: Some(9), ..Params::default() }).max_tokens, 9);
}

#[test]
fn effort_is_a_word_on_new_models_and_a_number_on_old_ones() {
    let budget = |budget_tokens| Some(Thinking::Enabled { budget_tokens });
    let table = [
        ("claude-opus-5", Effort::High, Some(ADAPTIVE), Some("high"), 0),
        ("claude-opus-5", Effort::Max, Some(ADAPTIVE), Some("max"), 0),
        ("claude-opus-5", Effort::Minimal, Some(ADAPTIVE), Some("low"), 1),
        ("claude-opus-5", Effort::None, Some(Thinking::Disabled), None, 0),
        ("claude-opus-4-6", Effort::Xhigh, Some(ADAPTIVE), Some("high"), 1),
        ("claude-opus-4-6", Effort::Medium, Some(ADAPTIVE), Some("medium"), 0),
        ("claude-sonnet-4-5", Effort::Max, budget(60_800), None, 0),
        ("claude-sonnet-4-5", Effort::High, budget(51_200), None, 0),
        ("claude-sonnet-4-5", Effort::Medium, budget(32_000), None, 0),
        ("claude-sonnet-4-5", Effort::Low, budget(12_800), None, 0),
        ("claude-sonnet-4-5", Effort::Minimal, budget(6_400), None, 0),
        ("claude-sonnet-4-5", Effort::None, Some(Thinking::Disabled), None, 0),
        ("claude-3-5-haiku-latest", Effort::High, None, None, 1),
        ("claude-3-5-haiku-latest", Effort::None, None, None, 0),
    ];
    for (id, asked, thinking, word, notes) in table {
        let plan = plan(id, effort(asked));
        assert_eq!(
            (plan.thinking, plan.effort, plan.notes.len()),
            (thinking, word, notes),
            "{id} {asked:?}: {plan:?}"
        );
    }
}

#[test]
fn thinking_stays_below_the_length_of_the_reply() {
    let with = |max_tokens, effort, thinking_tokens| Params {
        max_tokens: Some(max_tokens),
        effort,
        thinking_tokens,
        ..Params::default()
    };
    let table = [
        (with(2_000, Some(Effort::Low), None), Some(1_024), 0),
        (with(2_000, None, Some(1)), Some(1_024), 0),
        (with(2_000, None, Some(5_000)), Some(1_999), 1),
        (with(1_025, Some(Effort::Max), None), Some(1_024), 0),
        (with(1_024, Some(Effort::Max), None), None, 1),
        (with(0, None, Some(9_999)), None, 1),
        (with(900_000, Some(Effort::Max), None), Some(128_000), 0),
        (with(u64::MAX, Some(Effort::Max), None), Some(128_000), 0),
    ];
    for (params, budget, notes) in table {
        let plan = plan("claude-sonnet-4-5", params);
        let thinking = budget.map(|budget_tokens| Thinking::Enabled { budget_tokens });
        assert_eq!((plan.thinking, plan.notes.len()), (thinking, notes), "{plan:?}");
    }
    let plan = plan("claude-opus-5", with(9_000, None, Some(2_000)));
    assert_eq!((plan.thinking, plan.notes.len()), (Some(ADAPTIVE), 1), "it takes no number");
}

#[test]
fn what_is_known_of_the_model_counts() {
    let mut request = asked("anthropic/claude-opus-5");
    request.params = effort(Effort::High);
    request.abilities.efforts = Some(vec![Effort::Low, Effort::Medium]);
    let low = of(&request);
    assert_eq!(
        (low.effort, low.notes.as_slice()),
        (Some("medium"), &["claude-opus-5 knows no effort high: medium was sent.".to_owned()][..])
    );
    request.abilities.reasoning = Some(false);
    assert_eq!(of(&request).thinking, None);
    request.abilities.reasoning = None;
    request.abilities.always_reasons = Some(true);
    request.params = effort(Effort::None);
    assert_eq!((of(&request).thinking, of(&request).notes.len()), (None, 1));
}

#[test]
fn sampling_is_sent_where_it_is_taken_and_told_where_not() {
    let all = || Params { temperature: Some(0.5), top_p: Some(0.9), top_k: Some(4), ..Params::default() };
    let old = plan("claude-3-haiku", all());
    assert_eq!((old.temperature, old.top_p, old.top_k, old.notes.len()), (Some(0.5), Some(0.9), Some(4), 0));
    let newer = plan("claude-sonnet-4-5", all());
    assert_eq!((newer.temperature, newer.top_p, newer.top_k), (Some(0.5), None, Some(4)));
    assert_eq!(newer.notes, ["top_p was left out: claude-sonnet-4-5 takes either it or temperature."]);
    let newest = plan("claude-opus-5", all());
    assert_eq!((newest.temperature, newest.top_p, newest.top_k, newest.notes.len()), (None, None, None, 3));
    let thinking = plan("claude-sonnet-4-5", Params { thinking_tokens: Some(2_000), ..all() });
    assert_eq!((thinking.temperature, thinking.top_p, thinking.top_k), (None, Some(0.9), None));
    assert!(thinking.notes.iter().all(|note| note.contains("while it thinks")), "{:?}", thinking.notes);
    let hot = plan("claude-3-haiku", Params { temperature: Some(1.7), ..Params::default() });
    assert_eq!((hot.temperature, hot.notes.len()), (Some(1.0), 1));
}

#[test]
fn what_has_no_member_is_told() {
    let params = Params {
        seed: Some(1),
        frequency_penalty: Some(0.1),
        presence_penalty: Some(0.1),
        verbosity: Some(Effort::Low),
        format: Some(Format::Json),
        ..Params::default()
    };
    let plan = plan("claude-sonnet-4-5", params);
    assert_eq!(plan.notes.len(), 5, "{:?}", plan.notes);
    assert_eq!(Plan { notes: Vec::new(), ..plan }, Plan { max_tokens: 64_000, ..Plan::default() });
}
