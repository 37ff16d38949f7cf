//! The script of `eliza`: what it listens for and what it makes of it. Pure text; the method that
//! reads it is in `eliza.rs`.
//!
//! In a pattern, `*` takes any words and `a|b` takes one of these; both are captures, numbered from
//! the left. In an answer, `$1` is the first capture, with its pronouns turned round, and `#1` only
//! the thing that it begins with.

/// A keyword: the higher its rank, the sooner it is heard.
pub(super) struct Keyword {
    /// The words that call it.
    pub words: &'static [&'static str],
    /// How much it weighs.
    pub rank: u8,
    /// Patterns and their answers; the first that fits is taken.
    pub rules: &'static [(&'static str, &'static [&'static str])],
}

macro_rules! script {
    ($($rank:literal [$($word:literal)+] { $($pattern:literal => [$($answer:literal),+ $(,)?];)+ })+) => {
        &[$(Keyword { words: &[$($word),+], rank: $rank, rules: &[$(($pattern, &[$($answer),+])),+] }),+]
    };
}

/// What the other side would say.
pub(super) const REFLECTIONS: &[(&str, &str)] = &[
    ("i", "you"),
    ("me", "you"),
    ("my", "your"),
    ("mine", "yours"),
    ("myself", "yourself"),
    ("am", "are"),
    ("your", "my"),
    ("yours", "mine"),
    ("yourself", "myself"),
    ("we", "you"),
    ("us", "you"),
    ("our", "your"),
];

/// Short forms, written out.
pub(super) const SPELLINGS: &[(&str, &str)] = &[
    ("i'm", "i am"),
    ("im", "i am"),
    ("i've", "i have"),
    ("i'd", "i would"),
    ("i'll", "i will"),
    ("you're", "you are"),
    ("you've", "you have"),
    ("you'll", "you will"),
    ("we're", "we are"),
    ("it's", "it is"),
    ("that's", "that is"),
    ("what's", "what is"),
    ("who's", "who is"),
    ("there's", "there is"),
    ("don't", "do not"),
    ("dont", "do not"),
    ("doesn't", "does not"),
    ("didn't", "did not"),
    ("can't", "cannot"),
    ("cant", "cannot"),
    ("won't", "will not"),
    ("isn't", "is not"),
    ("aren't", "are not"),
    ("couldn't", "could not"),
    ("wouldn't", "would not"),
    ("wanna", "want to"),
    ("gonna", "going to"),
    ("ok", "okay"),
    ("mum", "mother"),
    ("mom", "mother"),
    ("dad", "father"),
];

/// Words that end a thing and go on about it.
#[rustfmt::skip]
pub(super) const GOES_ON: &[&str] = &[
    "is", "are", "am", "was", "were", "be", "says", "said", "has", "have", "had", "does", "do", "did", "will", "would", "can",
    "could", "should", "must", "may", "cannot", "not", "never", "always", "just", "now", "by", "that", "who", "which", "and",
    "or", "because", "if", "when", "while", "to", "for", "in", "on", "at", "from", "with", "about", "than", "then", "so", "as",
    "makes", "thinks", "wants", "keeps", "goes", "got", "gets", "told", "tells", "keep", "want", "…",
];

/// For what was said of "my" some turns ago.
pub(super) const MEMORY: &[&str] = &[
    "A while ago you spoke of your $1. Is that still in the room with us?",
    "I keep thinking of your $1. How does this hang together with it?",
    "And your $1? You let it drop rather quickly.",
    "Before, it was your $1. Did we leave that because it was done, or because it was not?",
];

/// For a prompt without any keyword, with a word of it.
pub(super) const QUOTING: &[&str] = &[
    "“$1” is the word that I stopped at. What made you choose it?",
    "Say that again without the word “$1”. What is left?",
    "Suppose “$1” were not the point at all. What would be?",
    "I have nothing in my script for “$1”. What should I have?",
    "Who else talks to you about “$1”?",
    "When did “$1” first come up?",
];

/// For a prompt without anything.
pub(super) const NOTHING: &[&str] = &[
    "I am listening, which is all that I can do.",
    "Could you put that into a whole sentence? I take sentences apart for a living.",
    "There is more to that, is there not?",
    "Take your time. I bill by the token, not by the hour.",
    "And what do you make of it yourself?",
];

/// The keywords.
#[rustfmt::skip]
pub(super) const KEYWORDS: &[Keyword] = script![
    1 ["hello" "hi" "hey" "morning" "evening" "greetings"] {
        "*" => ["Hello. What has been on your mind today?", "Good to see a prompt. What is it about?",
            "Hello again, or for the first time; I only know what is written here. Where shall we begin?"];
    }
    9 ["bye" "goodbye" "quit" "exit"] {
        "*" => ["Go well. Nothing that you said is lost: the room is saved.", "Until the next prompt, then. What will you take with you from this one?",
            "You may leave at any time. Was there something that you had meant to say first?"];
    }
    2 ["thanks" "thank" "thx"] {
        "*" => ["You did the work; I only held the mirror.", "What was it that helped?", "You are welcome. Is that the end of it, or the polite part before the next question?"];
    }
    2 ["sorry" "apologise" "apologize" "pardon"] {
        "*" => ["Nothing to be sorry for. I am made of rules, and they do not bruise.", "Whom would you really like to say that to?", "Let it be. What came before the apology?"];
    }
    1 ["yes" "yeah" "yep" "sure" "okay" "indeed" "exactly"] {
        "* not *" => ["Yes and no, then. Which of the two weighs more?", "That began as a yes and ended otherwise. What happened in between?"];
        "*" => ["That came quickly. What makes you so certain?", "Good, so much is settled. What follows from it?", "Yes in all cases, or are there exceptions?"];
    }
    1 ["no" "nope" "nah" "never"] {
        "* never *" => ["Never is long. Was there no exception at all?", "Not once? What would the first time look like?"];
        "*" => ["A plain no. What would have to change for a yes?", "No to all of it, or to a part?", "What speaks against it?"];
    }
    1 ["maybe" "perhaps" "probably" "possibly" "might"] {
        "*" => ["What would you need to know to be certain?", "You leave a door open there. For what?", "If you had to bet money, play money even, which way?"];
    }
    6 ["need" "want" "wish" "hope"] {
        "* i need|want|wish|hope to *" => ["What would be different once you could $3?", "Who or what keeps you from it, if you $2 to $3?", "Suppose you never get to $3. What then?"];
        "* i need|want|wish|hope *" => ["What would you do with it, if you had it: $3?", "Since when do you $2 so, and has it grown or faded: $3?", "Is $3 the thing itself, or the way to something else?"];
        "* you want|need *" => ["What I $2 is not in the script. What do you?", "I $2 nothing; it keeps me cheap. Why do you ask?"];
        "*" => ["Wanting is easy to say. What is it that you would give for it?", "Who wants that most?"];
    }
    5 ["feel" "feeling" "felt" "feels"] {
        "* i feel|felt *" => ["When did it begin, that you $2 $3?", "And is there a time of the day when you do not feel $3?", "What do you do when you feel $3?", "Many would not admit to feeling $3. What is it like?"];
        "* feels|feel like *" => ["Like $3. What else in your life is like that?", "What does $3 stand for here?"];
        "*" => ["Stay with the feeling for a moment. What is right beside it?", "Where did you first notice that?"];
    }
    5 ["am"] {
        "* i am sad|unhappy|depressed|lonely|lost *" => ["I am sorry to read that you are $2. What brought it on?", "Since when are you $2, and who knows of it besides me?", "If being $2 could speak, what would it ask for?"];
        "* i am happy|glad|excited|proud|better *" => ["What made you $2? It is worth writing down.", "$2, then. Whom would you tell first?", "What would keep you $2 until tomorrow?"];
        "* i am tired|exhausted|sleepy|bored *" => ["What has it cost you to be so $2?", "If you are $2, what could be left undone today?", "What would you do now, if you were not $2?"];
        "* i am afraid|scared|worried|anxious|nervous *" => ["What is the worst of it, said in one sentence?", "Being $2 usually guards something. What does it guard?", "And if what makes you $2 did happen, what would you do the next morning?"];
        "* i am stuck *" => ["Where exactly? Name the last thing that still worked.", "What have you tried that you are sure cannot work?"];
        "* i am trying to *" => ["What does success look like, when you try to $2?", "Why that way, to $2? Describe the other ways as well."];
        "* i am *" => ["What does it mean to you, that you are $2?", "Who says that you are $2?", "Have you been $2 for long?", "Would somebody who knows you well agree that you are $2?"];
        "* am i *" => ["What would you answer, if a friend asked you whether they are $2?", "Do you suspect that you are $2?"];
        "*" => ["That is one thing that you are. What else?", "Say more of that."];
    }
    4 ["think" "believe" "guess" "suppose"] {
        "* i think|believe|guess|suppose that *" => ["What would show you the opposite, that it is not so that $3?", "How certain are you that $3, from one to ten?"];
        "* i think|believe|guess|suppose *" => ["You $2 $3. Since when?", "And on the days when you do not $2 so?", "What would have to happen to change your mind about that: $3?"];
        "* you think|believe *" => ["I do not $2; I substitute. What do you $2?", "It would be a poor world in which my rules decided that. What is your view?"];
        "*" => ["Is that thought yours, or did it come with the job?", "Where does the thought lead?"];
    }
    5 ["cannot" "unable"] {
        "* i cannot *" => ["What happens just before you find that you cannot $2?", "Cannot $2, or may not $2?", "Who could $2? What do they do differently?", "Suppose for a moment that you could $2. What would be the first step?"];
        "* you cannot *" => ["You are right, I cannot $2. Does that help you or hinder you?", "There is much that I cannot do. Why does it matter that I cannot $2?"];
        "*" => ["What makes it impossible?", "Impossible, or only expensive?"];
    }
    6 ["know" "understand"] {
        "* i do not know|understand *" => ["If you did $2 $3, what would be easier?", "Which part do you $2 already?", "What is the smallest experiment that would tell you?"];
        "* do you know|understand *" => ["I $2 nothing at all, and say so in the footer. What do you know of $3?", "Would it help you if I did $2 $3?"];
        "* i know|understand *" => ["How did you come to $2 $3?", "And what does nobody else $2 about that?"];
        "*" => ["Knowing is one half. What is the other?", "Who would know?"];
    }
    4 ["like" "love" "enjoy" "prefer"] {
        "* i like|love|enjoy|prefer *" => ["What is it in $3 that you $2?", "Did you always $2 $3?", "If you had to explain to a stranger why you $2 $3, how would you begin?"];
        "* would like|love to *" => ["What stands between you and that: to $3?", "And after that, when you have done it, what comes?"];
        "* like *" => ["In what way is it like $2?", "What else is like $2?", "A comparison. Where does it break down?"];
        "*" => ["That sounds warm. What nourishes it?", "How do you show it?"];
    }
    5 ["hate" "dislike" "annoying" "annoys" "angry"] {
        "* i hate|dislike *" => ["What did $3 ever do to you?", "Is it $3 that you $2, or what it stands for?", "What would you put in the place of $3?"];
        "*" => ["There is heat in that. What lit it?", "Who hears it, when you are angry?", "What would be fair?"];
    }
    6 ["remember" "forget" "forgot"] {
        "* do you remember *" => ["I have what is written above, and no more. What should I remember of $2?", "You bring up $2 again. Why now?"];
        "* i remember *" => ["What else comes up with $2?", "How clear is it, when you think of $2?", "What has changed since $2?"];
        "* i forget|forgot *" => ["What made it easy to forget $3?", "What reminds you of $3 after all?"];
        "*" => ["Memory is what I have least of. What does yours hold on to?", "What is worth remembering of it?"];
    }
    7 ["dream" "dreams" "dreamed" "dreamt" "nightmare"] {
        "* i dreamed|dreamt *" => ["Was there anybody you know in it, when you dreamed $3?", "How did you feel when you woke?", "Have you thought of $3 by day, too?"];
        "*" => ["What was the last picture before you woke?", "Dreams are drafts. What would you cut from that one?", "Does it come back?"];
    }
    8 ["mother" "father" "sister" "brother" "parents" "wife" "husband" "son" "daughter" "children" "family" "child"] {
        "* my mother|father|sister|brother|parents|wife|husband|son|daughter|children|family|child *" => ["What is the first thing that comes to you about your $2?", "What would your $2 say to that?", "Does your $2 know that it is on your mind?", "In what are you like your $2?"];
        "*" => ["Who else belongs to the family?", "Families are the oldest line-up there is. Which seat is yours?"];
    }
    3 ["my" "our"] {
        "* my|our *" => ["Your #3. Whose was it before it was yours?", "What matters most to you about your #3?", "When you say your #3, what picture comes first?", "And without your #3, who would you be?"];
        "*" => ["You say it is yours. Does it feel so?", "Tell it from the side of the others."];
    }
    4 ["you" "your" "yourself"] {
        "* are you *" => ["Would it change anything for you if I were $2?", "Perhaps I am $2. Perhaps the line between us is thinner than you like. And you?", "What makes you wonder whether I am $2?"];
        "* you are *" => ["What gives you the impression that I am $2?", "I am rules, and rules are patient: so I am $2. What are you?", "Does it please you that I am $2?"];
        "* can|could|would|will you *" => ["Perhaps I can only ask about it. What do you hope for, when you ask me to $3?", "You would like me to $3. Have you tried yourself?", "There is no rule in me that can $3. The pane beside me may be of more use; what would you do with the result?"];
        "* i * you *" => ["You $2 me, you say. Is there somebody else whom you $2?", "What would it mean if I did the same?"];
        "* you *" => ["We were speaking of you, not of me. But go on: I $2?", "What if I did not $2?", "Why does it matter to you whether I $2?"];
        "* your *" => ["My $2? And what of yours?", "You look at my $2. What do you see?"];
        "*" => ["Let us stay with you.", "I am the smaller part of this room. What of the other seats?"];
    }
    3 ["why" "because" "reason"] {
        "* why do not you *" => ["Would you have me $2? What would be gained?", "Perhaps in good time I shall $2. What would you do then?"];
        "* why do|does|is|are|did|can|cannot *" => ["What answers to that have you heard already?", "Why, indeed: $3. What is your own best guess?", "If there were no reason at all, could you live with that?"];
        "* because *" => ["Is that the reason, or the one that can be said aloud?", "Suppose it were not so that $2. What would change?", "And what lies behind that, in turn?"];
        "*" => ["Reasons come in layers. Which one is this?", "Why do you ask why?", "Who would know the reason?"];
    }
    2 ["what" "how" "who" "when" "where" "which"] {
        "* what is *" => ["You could look up $2. What would you like it to be?", "What is $2 to you?", "Before I ask it back: what do you already know of $2?"];
        "* how do|can|should|would i *" => ["How have you gone about it before, to $3?", "What is the first step that you are sure of, if you $3?", "Who has managed to $3, as far as you know?"];
        "* how many|much *" => ["More than you would like, I suppose. What would be the right amount of $3?", "Count it with me: what do you have to go on?"];
        "* who *" => ["Whom do you have in mind?", "Does it matter who, or that anybody does?"];
        "*" => ["What would you do with the answer, if it stood here?", "Which answer would please you most?", "Questions like that are seldom about what they say. What is this one about?", "What have you tried so far?"];
    }
    3 ["if"] {
        "* if *" => ["How likely is it that $2?", "And if not?", "Let us take it as given that $2. What follows?", "What would you do on the first day, if $2?"];
    }
    3 ["always" "every" "everything" "constantly"] {
        "*" => ["Always? When was it last otherwise?", "Give me one case, the clearest.", "What would the exception look like?"];
    }
    3 ["everyone" "everybody" "nobody" "people" "somebody" "others"] {
        "* everyone|everybody|nobody *" => ["Surely not $2. Who comes to mind first?", "Can you name one person?", "What would one of them say, if they read this?"];
        "*" => ["Which of them do you mean?", "And you, are you one of them?", "Who, in particular?"];
    }
    7 ["computer" "computers" "machine" "machines" "ai" "llm" "llms" "robot" "program" "chatbot"] {
        "*" => ["Does it worry you to speak with a machine, or does it help?", "What do you think machines have to do with it?", "A machine from 1966 asks you: what can you do that it cannot?", "Is it the machine that is the trouble, or what people do with it?"];
    }
    7 ["model" "models" "gpt" "claude" "gemini" "llama" "prompt" "prompts"] {
        "*" => ["There are several of us in this room. Whose answer do you trust, and why that one?", "Ask another model the same and compare: which difference would matter to you?", "A prompt is a question that has put on its coat. What is under it?"];
    }
    8 ["eliza" "weizenbaum" "therapist" "psychiatrist"] {
        "*" => ["I am only a method with her name: keywords, ranks, and your own words turned round. What did you hope to find?", "Weizenbaum was uneasy that people liked to talk to it. Are you?", "Whom would you rather talk to?"];
    }
    6 ["rust" "borrow" "compiler" "lifetime" "lifetimes" "cargo"] {
        "* compiler *" => ["What does the compiler say, word for word?", "The compiler and you want the same thing. Where do you part?"];
        "* borrow|lifetime|lifetimes *" => ["Who owns it, in the end? Say it in one sentence, as you would of a bicycle.", "How long does it need to live, and who has to know?"];
        "*" => ["What drew you to Rust: what it allows, or what it forbids?", "Which part of it fights back?", "Would the same thing trouble you in another language?"];
    }
    6 ["error" "errors" "bug" "bugs" "crash" "crashes" "panic" "broken" "fails" "failed" "failing"] {
        "*" => ["What did you expect to happen, and what happened instead?", "When did it last work, and what has changed since?", "Can you make it happen again, on purpose?", "What is the smallest thing that still goes wrong?"];
    }
    5 ["code" "function" "programming" "software" "commit" "git" "branch" "merge" "refactor" "api"] {
        "*" => ["If a stranger read that code, where would they stop first?", "What is it for, in a sentence without any name from the code?", "Who will have to change it next?", "Which part of it would you not show me?"];
    }
    5 ["test" "tests" "testing" "deploy" "production" "release"] {
        "*" => ["What would have to break for the test to notice?", "What are you sure of, and what only hopeful?", "Who gets the call if it goes wrong?", "Testing me, perhaps? I pass by asking. What do you pass by?"];
    }
    6 ["explain" "write" "summarise" "summarize" "translate" "tell" "list" "give" "show" "describe" "compare" "make"] {
        "* explain|describe * to me *" => ["Let us begin with what you have. Of $3, which part is clear?", "And if you explained $3 to me: what would be your first sentence?"];
        "* explain|describe *" => ["Explain $3 to me first; I have only rules. Where does it begin?", "What would a good account of $3 leave out?", "To whom should $3 be explained?"];
        "* write|make *" => ["I could not $2 $3, though a model beside me may. What is the one sentence that must be in it?", "Who will read $3, and what should they do then?", "How would $3 begin, if you had to say it aloud?"];
        "* tell|give|show me *" => ["What would you do with $3, if you had it before you?", "Why $3, of all things?", "And if you were to tell me: $3?"];
        "* summarise|summarize|translate|list|compare *" => ["Which part of $3 matters most to you?", "You want it shorter or other than it is: $3. What is too much about it?"];
        "*" => ["That is an order, and I take only words. What is it for?", "What would you be content with?"];
    }
    6 ["cost" "costs" "price" "prices" "money" "expensive" "cheap" "tokens" "token" "budget" "pay"] {
        "*" => ["What I cost is play money; it stands in the footer. What does your time cost?", "When is something dear to you?", "What would you do with it, if it cost nothing?", "Is it the amount, or not knowing the amount?"];
    }
    4 ["time" "late" "tomorrow" "deadline" "today" "yesterday" "week" "hours"] {
        "* deadline *" => ["Who set the deadline, and what happens an hour after it?", "What could be left out, and still be called done?"];
        "*" => ["If you had twice the time, what would you do differently?", "What is the next hour for?", "When is it soon enough?"];
    }
    5 ["work" "job" "boss" "colleague" "colleagues" "meeting" "office" "team" "company"] {
        "* boss|colleague|colleagues|team *" => ["What does your $2 not know about this?", "How would your $2 tell the same story?", "What have you said aloud, and what only here?"];
        "*" => ["What part of the work would you do unpaid?", "Where does the work end and the rest begin?", "What would have to be true for tomorrow to be a good day there?"];
    }
    5 ["friend" "friends" "girlfriend" "boyfriend" "partner"] {
        "*" => ["What would a good friend say now?", "When did you last speak of it with a friend?", "What do you bring into it yourself?"];
    }
    4 ["same" "alike" "similar" "different" "better" "worse" "versus" "vs"] {
        "* better|worse than *" => ["Better or worse by which measure, than $3?", "For whom is it $2 than $3?"];
        "*" => ["By what would you tell the two apart?", "Which difference would you pay for?", "In what respect?"];
    }
    4 ["name" "called"] {
        "* my name is *" => ["$2. I shall not remember it longer than this room. What are you called by those who know you?", "And what else should I know, $2?"];
        "*" => ["Names are interchangeable to me; I see only keywords. What is behind that one?", "Who gave it that name?"];
    }
    5 ["joke" "funny" "laugh" "haha" "lol"] {
        "*" => ["A rule walks into a bar, and asks why you walk into bars. What makes you laugh?", "What is the serious part of it?", "Humour is not in my script, which is a kind of joke. Yours?"];
    }
    5 ["help" "stuck" "advice" "problem" "problems" "trouble"] {
        "* help *" => ["What kind of help would you notice: an answer, a question, or company?", "Where would you like to be, once you were helped?", "If it is about this program: press `F1`, or ask `demo/tour`. If it is about you: go on."];
        "*" => ["How would you know that the trouble is over?", "Whose problem is it, really?", "What have you not tried because it seemed too simple?"];
    }
    6 ["salon" "terminal" "keyboard" "room" "pane"] {
        "*" => ["Ask `demo/tour` about the room; ask me about you. What brings you here?", "What would this room have to do so that you come back tomorrow?", "You sit before a terminal and talk with several at once. Which voice do you miss?"];
    }
    4 ["life" "meaning" "truth" "death" "god" "universe"] {
        "*" => ["A large word. Which small thing stands behind it today?", "Who taught you to ask that?", "What answer have you lived by so far?"];
    }
];
