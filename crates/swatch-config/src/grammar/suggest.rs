//! The known name that is closest to a misspelt one.

/// The known name that a misspelt one was probably meant to be.
pub(crate) fn nearest<'n>(name: &[u8], known: &[&'n str]) -> Option<&'n str> {
    let name = String::from_utf8_lossy(name).to_ascii_lowercase();
    let name: Vec<char> = name.chars().collect();
    // One slip for three letters: `mial` is `mail`, but `hello` is not `bell`.
    let limit = (name.len() / 3).clamp(1, 3);
    known
        .iter()
        .map(|candidate| (distance(&name, candidate), *candidate))
        .filter(|&(distance, candidate)| distance <= limit && distance < candidate.len())
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

/// Edit distance, two neighbours that changed places counting once.
fn distance(a: &[char], b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    if a.len() > b.len() + 4 {
        return usize::MAX;
    }
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for (i, &from) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, &to) in b.iter().enumerate() {
            let change = rows[i][j] + usize::from(from != to);
            let mut best = change.min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && from == b[j - 1] && a[i - 1] == to {
                best = best.min(rows[i - 1][j - 1] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}
