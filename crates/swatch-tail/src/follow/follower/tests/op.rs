//! Operations on a log and its follower.

use proptest::prelude::*;

/// One thing that happens.
#[derive(Debug, Clone)]
pub(super) enum Op {
    Write(usize),
    WritePart,
    WriteLate(usize),
    Rename,
    Create,
    Rotate,
    RotateTwice,
    CopyTruncate,
    Truncate,
    Delete,
    DeleteOldest,
    Compress,
    LinkBack,
    /// All that the follower has to give.
    Drain,
    /// That many events.
    Take(usize),
    /// The periodic check.
    Look,
    /// The time passes after which old generations are closed.
    Quiet,
    /// Actions end, in order.
    Finish(usize),
    Save,
    Stop,
    Kill,
    Start,
}

pub(super) fn ops() -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        8 => (1usize..6).prop_map(Op::Write),
        2 => Just(Op::WritePart),
        2 => (0usize..3).prop_map(Op::WriteLate),
        1 => Just(Op::Rename),
        2 => Just(Op::Create),
        3 => Just(Op::Rotate),
        1 => Just(Op::RotateTwice),
        2 => Just(Op::CopyTruncate),
        1 => Just(Op::Truncate),
        1 => Just(Op::Delete),
        1 => Just(Op::DeleteOldest),
        1 => Just(Op::Compress),
        1 => Just(Op::LinkBack),
        5 => Just(Op::Drain),
        3 => (1usize..4).prop_map(Op::Take),
        1 => Just(Op::Look),
        1 => Just(Op::Quiet),
        3 => (1usize..20).prop_map(Op::Finish),
        2 => Just(Op::Save),
        2 => Just(Op::Stop),
        1 => Just(Op::Kill),
        3 => Just(Op::Start),
    ];
    proptest::collection::vec(op, 1..40)
}
