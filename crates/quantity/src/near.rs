//! The nearest right name, for messages.

/// Edits (insert, delete, replace, swap of neighbours) between two words, case ignored.
///
/// Optimal string alignment distance: Boytsov, ACM J. Exp. Algorithmics 16 (2011), section 2.2.
#[must_use]
pub fn edit_distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().flat_map(char::to_lowercase).collect();
    let b: Vec<char> = b.chars().flat_map(char::to_lowercase).collect();
    let mut before = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let replace = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = replace.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

/// The name nearest to `word`, if one is near enough to be what was meant: at most a third of the
/// letters differ, or one is the start of the other. Of several that are, the one that differs in the
/// fewest letters.
pub fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    names
        .into_iter()
        .map(|name| {
            let distance = edit_distance(word, name);
            let candidate = name.to_lowercase();
            let starts = lower.len() >= 3
                && (candidate.starts_with(&lower) || lower.starts_with(&candidate));
            let likeness = if starts { distance.min(1) } else { distance };
            ((likeness, distance), name)
        })
        .filter(|((likeness, _), name)| {
            *likeness * 3 <= word.chars().count().max(name.chars().count()).max(3)
        })
        .min_by_key(|(order, _)| *order)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_edits() {
        assert_eq!(edit_distance("incubate", "incubate"), 0);
        assert_eq!(edit_distance("incubate", "Incbuate"), 1);
        assert_eq!(edit_distance("", "abc"), 3);
    }

    #[test]
    fn nearest_is_what_was_meant_or_nothing() {
        let names = ["incubate", "dispense", "seal"];
        assert_eq!(nearest("inkubate", names), Some("incubate"));
        assert_eq!(nearest("disp", names), Some("dispense"));
        assert_eq!(nearest("xylophone", names), None);
        assert_eq!(nearest("hrs", ["ns", "s", "min", "h"]), Some("h"));
        // A typo is nearer than a part of the word.
        assert_eq!(nearest("actedd", ["a", "b", "c", "acted"]), Some("acted"));
        assert_eq!(nearest("actedd", ["act", "acted"]), Some("acted"));
    }
}
