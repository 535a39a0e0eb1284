//! Retries of a record: questions that were answered keep their answers.

use crate::explain::Recorder;

/// The answers given for one record so far. If Perl dies, a new one gets the same answers, so no
/// action is repeated.
#[derive(Debug, Default)]
pub struct Replay {
    /// The number of the record since the watch began, from 1: Perl's `$.`.
    pub(super) number: u64,
    answers: Vec<(Question, Answer)>,
    at: usize,
    /// The trace of the record so far.
    pub(super) told: Recorder,
}

pub(super) type Question = (u8, usize, usize);
pub(super) type Answer = Vec<Vec<u8>>;

impl Replay {
    /// No answers yet, for the record with this number (from 1 at the start of the watch).
    pub fn new(number: u64) -> Self {
        Self {
            number,
            ..Self::default()
        }
    }

    /// Starts over with the answers known so far.
    pub fn rewind(&mut self) {
        self.at = 0;
    }

    pub(super) fn known(&mut self, question: Question) -> Option<Answer> {
        match self.answers.get(self.at) {
            Some((asked, answer)) if *asked == question => {
                self.at += 1;
                Some(answer.clone())
            }
            _ => {
                // The code takes another path this time.
                self.answers.truncate(self.at);
                None
            }
        }
    }

    pub(super) fn note(&mut self, question: Question, answer: &Answer) {
        self.answers.push((question, answer.clone()));
        self.at = self.answers.len();
    }
}
