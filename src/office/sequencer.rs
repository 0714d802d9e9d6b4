//! Many at a time: whoever submits while a transaction runs is in the next one, all together.
//!
//! There is no timer and nothing polls: the first who waits takes all that wait. A single submission costs one transaction,
//! a thousand at once cost one too.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use super::{Office, Submission};
use crate::error::Failure;
use crate::registry::log::MAX_BATCH;
use crate::registry::receipt::Receipt;

/// Submissions that may wait; more are turned away.
const MAX_WAITING: usize = 4 * MAX_BATCH;

/// One office's queue.
pub struct Sequencer<'o> {
    office: &'o Office,
    waiting: Mutex<Vec<Waiting>>,
    turn: Mutex<()>,
}

/// One who waits, and where the answer will be.
struct Waiting {
    submission: Submission,
    answer: Arc<OnceLock<Result<u64, Failure>>>,
}

impl<'o> Sequencer<'o> {
    /// The queue of this office, to be shared by threads.
    pub const fn new(office: &'o Office) -> Self {
        Self { office, waiting: Mutex::new(Vec::new()), turn: Mutex::new(()) }
    }

    /// Logs one entry; when this returns, it is durable. Gives its index, the same one again for the same key.
    ///
    /// # Errors
    /// `busy` with too many waiting; as [`Office::log`]. An entry that cannot be does not keep the others from being logged.
    pub fn submit(&self, submission: Submission) -> Result<u64, Failure> {
        let answer = Arc::new(OnceLock::new());
        {
            let mut waiting = lock(&self.waiting);
            if waiting.len() >= MAX_WAITING {
                return Err(Failure::new(
                    "busy",
                    format!("{MAX_WAITING} submissions wait already"),
                    "try again in a second; with a key nothing is logged twice",
                ));
            }
            waiting.push(Waiting { submission, answer: Arc::clone(&answer) });
        }
        loop {
            let turn = lock(&self.turn);
            if let Some(answer) = answer.get() {
                return answer.clone();
            }
            self.sequence();
            drop(turn);
        }
    }

    /// The same, with the proof that it is in the log.
    ///
    /// # Errors
    /// As [`Sequencer::submit`] and [`Office::receipt`].
    pub fn submit_for_receipt(&self, submission: Submission) -> Result<Receipt, Failure> {
        let index = self.submit(submission)?;
        self.office.receipt(index)
    }

    /// Logs those who wait. Only whose turn it is may do it.
    fn sequence(&self) {
        let batch: Vec<Waiting> = {
            let mut waiting = lock(&self.waiting);
            let count = waiting.len().min(MAX_BATCH);
            waiting.drain(..count).collect()
        };
        let submissions: Vec<Submission> = batch.iter().map(|waiting| waiting.submission.clone()).collect();
        let answers: Vec<Result<u64, Failure>> = match self.office.log(&submissions) {
            Ok(indices) => indices.into_iter().map(Ok).collect(),
            Err(failure) if submissions.len() == 1 => vec![Err(failure)],
            // One that cannot be must not take the others with it. What was logged in part has its key, or is not known to be.
            Err(_) => {
                submissions.iter().map(|one| Ok(self.office.log(std::slice::from_ref(one))?[0])).collect()
            }
        };
        for (waiting, answer) in batch.into_iter().zip(answers) {
            let taken = waiting.answer.set(answer);
            debug_assert!(taken.is_ok(), "each is answered once");
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no holder of this lock panics")
}
