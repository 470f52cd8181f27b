//! The order of a plate's steps.

/// Puts steps in an order in which each comes after those that it waits for; of several that could
/// come next, the first in the file.
///
/// # Errors
/// Steps that wait for one another, in a circle: each waits for the one after it, the last for the
/// first.
pub(crate) fn order(after: &[Vec<usize>]) -> Result<Vec<usize>, Vec<usize>> {
    let mut done = vec![false; after.len()];
    let mut order = Vec::with_capacity(after.len());
    while order.len() < after.len() {
        let next = (0..after.len()).find(|&i| !done[i] && after[i].iter().all(|&j| done[j]));
        match next {
            Some(i) => {
                done[i] = true;
                order.push(i);
            }
            None => return Err(circle(after, &done)),
        }
    }
    Ok(order)
}

/// A circle among the steps that are not done; each of them waits for another such.
fn circle(after: &[Vec<usize>], done: &[bool]) -> Vec<usize> {
    let mut walk: Vec<usize> = Vec::new();
    let mut at = (0..after.len()).find(|&i| !done[i]).unwrap_or_default();
    loop {
        if let Some(start) = walk.iter().position(|&i| i == at) {
            return walk.split_off(start);
        }
        walk.push(at);
        match after[at].iter().find(|&&j| !done[j]) {
            Some(&next) => at = next,
            None => return walk,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_order_of_the_file_where_it_can() {
        assert_eq!(
            order(&[vec![], vec![0], vec![0], vec![1, 2]]),
            Ok(vec![0, 1, 2, 3])
        );
        assert_eq!(order(&[vec![2], vec![], vec![1]]), Ok(vec![1, 2, 0]));
        assert_eq!(order(&[]), Ok(vec![]));
    }

    #[test]
    fn names_the_circle_only() {
        assert_eq!(
            order(&[vec![], vec![0, 3], vec![1], vec![2]]),
            Err(vec![1, 3, 2])
        );
        assert_eq!(order(&[vec![0]]), Err(vec![0]));
    }
}
