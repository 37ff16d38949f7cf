//! The journal alone: one bad end does not hold up the others, and pens wait when it is behind.

use std::sync::Mutex;

use crate::chat::Ids;
use crate::chat::Status;
use crate::engine::event::RunEventKind;
use crate::engine::fake::Mood;
use crate::engine::fake::Stage;
use crate::engine::fake::cast;
use crate::engine::fake::end;
use crate::engine::fake::play;
use crate::engine::fake::say;
use crate::engine::outlet::mailbox;
use crate::store::DeltaKind;

use super::*;

#[test]
fn one_end_that_fails_holds_up_no_other() {
    let mut stage = Stage::new(vec![cast("lab", vec![vec![say("a"), end()]])]);
    // The first texts are saved; then the first end fails, and fails again.
    stage.book.moods.lock().unwrap().extend([Mood::Takes(0), Mood::Fails]);
    let told = stage.run(&["lab/a", "lab/b", "lab/c"]);
    assert!(told.iter().all(|told| told.outcome.status == Status::Done));
    let ends = stage.book.written.lock().unwrap().ends.len();
    assert_eq!(ends, 3);
    assert_eq!(stage.clock.ms(), 1_000, "only the one that failed is saved a second later");
}

#[test]
fn a_pen_that_is_dropped_while_it_waits_loses_nothing() {
    let clock = crate::engine::fake::TestClock::new();
    play(&clock, async {
        let mut ids = Ids::seeded(1);
        let (run, reply) = (ids.run(), ids.reply());
        let (notes, mut inbox) = mpsc::channel(1);
        let (outlet, _inlet) = mailbox();
        // The only place is taken by the beginning, so that the pen has to wait.
        let mut pen = Pen::begin(notes, run, reply, outlet).await;
        pen.pieces().push(Piece::Written(DeltaKind::Text, "a".to_owned()));
        let waited = tokio::time::timeout(Duration::from_millis(1), pen.flush()).await;
        assert!(waited.is_err());
        assert_eq!(pen.pieces().len(), 1);
        assert!(inbox.recv().await.is_some());
        pen.flush().await;
        assert!(pen.pieces().is_empty());
    });
}

/// A book that takes its time, and notes what is on its way at the same time and how many bytes came
/// at once.
struct Busy {
    now: Arc<Mutex<(usize, usize)>>,
    most: Arc<Mutex<usize>>,
    clock: Arc<dyn Clock>,
}

impl Busy {
    fn work(&self) -> Promise {
        let (now, clock) = (Arc::clone(&self.now), Arc::clone(&self.clock));
        Box::pin(async move {
            {
                let mut now = now.lock().unwrap();
                now.0 += 1;
                now.1 = now.1.max(now.0);
            }
            clock.sleep_until(clock.now() + Duration::from_millis(40)).await;
            now.lock().unwrap().0 -= 1;
            Ok(())
        })
    }
}

impl Book for Busy {
    fn begin_turn(&self, _: TurnStart, _: Budgets, _: TimeZone) -> Promise<String> {
        let work = self.work();
        Box::pin(async move { work.await.map(|()| String::new()) })
    }
    fn begin_reply(&self, _: RoomHead, _: ReplyStart, _: Budgets, _: TimeZone) -> Promise {
        self.work()
    }
    fn retry(&self, _: LedgerEntry, _: AttemptStart) -> Promise {
        self.work()
    }
    fn append(&self, deltas: Vec<Delta>) -> Promise {
        let bytes = deltas.iter().map(|delta| delta.text.len()).sum();
        let mut most = self.most.lock().unwrap();
        *most = (*most).max(bytes);
        self.work()
    }
    fn finish(&self, _: Vec<Delta>, _: ReplyEnd) -> Promise {
        self.work()
    }
    fn name_attempt(&self, _: ReplyId, _: u32, _: String) -> Promise {
        self.work()
    }
    fn unsettled(&self, _: Millis, _: Vec<String>) -> Promise<Vec<Unsettled>> {
        Box::pin(std::future::pending())
    }
    fn settle(&self, _: Settlement) -> Promise<Option<Settled>> {
        Box::pin(std::future::pending())
    }
}

#[test]
fn what_the_disk_does_not_take_yet_waits_outside() {
    let clock = crate::engine::fake::TestClock::new();
    play(&clock, async {
        let shown: Arc<dyn Clock> = Arc::new(crate::engine::fake::Shown(Arc::clone(&clock)));
        let most = Arc::default();
        let book = Busy { now: Arc::default(), most: Arc::clone(&most), clock: Arc::clone(&shown) };
        let (journal, notes) = Journal::new(Arc::new(book), Arc::clone(&shown), watch::channel(0).0);
        tokio::spawn(journal.work());
        let mut ids = Ids::seeded(1);
        let (outlet, mut inlet) = mailbox();
        let mut pen = Pen::begin(notes, ids.run(), ids.reply(), outlet).await;
        let (note, count) = (64 * 1024, 256);
        for _ in 0..count {
            pen.pieces().push(Piece::Written(DeltaKind::Text, "a".repeat(note)));
            pen.flush().await;
        }
        let (mut told, mut events) = (0, Vec::new());
        while told < note * count {
            inlet.recv_many(&mut events).await;
            for event in events.drain(..) {
                let RunEventKind::Text(text) = event.kind else { panic!("{event:?}") };
                told += text.len();
            }
        }
        let most = *most.lock().unwrap();
        assert!(most <= FULL + NOTES * note, "{most} bytes at once");
    });
}

#[test]
fn one_thing_at_a_time() {
    let clock = crate::engine::fake::TestClock::new();
    play(&clock, async {
        let shown: Arc<dyn Clock> = Arc::new(crate::engine::fake::Shown(Arc::clone(&clock)));
        let now = Arc::default();
        let book = Busy { now: Arc::clone(&now), most: Arc::default(), clock: Arc::clone(&shown) };
        let book = Arc::new(book);
        let (journal, notes) = Journal::new(book, Arc::clone(&shown), watch::channel(0).0);
        tokio::spawn(journal.work());
        let mut ids = Ids::seeded(1);
        let (outlet, mut inlet) = mailbox();
        let (run, reply) = (ids.run(), ids.reply());
        let mut pen = Pen::begin(notes, run, reply, outlet).await;
        let mut events = Vec::new();
        for _ in 0..10 {
            pen.pieces().push(Piece::Written(DeltaKind::Text, "a".to_owned()));
            pen.flush().await;
            shown.sleep_until(shown.now() + Duration::from_millis(15)).await;
        }
        inlet.recv_many(&mut events).await;
        assert_eq!(now.lock().unwrap().1, 1);
    });
}
