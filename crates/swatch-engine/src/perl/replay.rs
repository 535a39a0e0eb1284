//! A record that is tried again: what was answered stays answered.

use crate::explain::Recorder;

/// What was answered for one record so far. If Perl dies of it, a new one is given the same
/// answers, and nothing that was done is done again.
#[derive(Debug, Default)]
pub struct Replay {
    /// The number of the record since the watch began, from 1: Perl's `$.`.
    pub(super) number: u64,
    answers: Vec<(Question, Answer)>,
    at: usize,
    /// What was told of the record so far.
    pub(super) told: Recorder,
}

pub(super) type Question = (u8, usize, usize);
pub(super) type Answer = Vec<Vec<u8>>;

impl Replay {
    /// Nothing was answered yet for the record with this number: from 1, since the watch began.
    pub fn new(number: u64) -> Self {
        Self {
            number,
            ..Self::default()
        }
    }

    /// From the start again, with the answers known so far.
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
                // It goes another way this time.
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
