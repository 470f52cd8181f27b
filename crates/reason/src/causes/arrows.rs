//! Causal graphs as people write them, and those that are one change away.

use cause::{Dag, Mixed};
use quantity::nearest;
use thiserror::Error;

/// Why arrows make no graph.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum GraphError {
    /// It is written in no way that is known.
    #[error(
        "'{0}' is no arrow; expected \"a -> b\", \"a <- b\", \"a <-> b\" for a hidden cause of both, or a chain of them"
    )]
    Arrow(String),
    /// A name that no variable has.
    #[error("no variable is called '{name}'; expected one of {}{hint}", .known.join(", "))]
    Variable {
        /// The name.
        name: String,
        /// All there are.
        known: Vec<String>,
        /// The nearest, as the end of a sentence.
        hint: String,
    },
    /// A variable that drives itself.
    #[error("'{0}' drives itself")]
    Itself(String),
    /// Arrows that go round.
    #[error("the arrows go in a circle")]
    Circle,
}

/// A causal graph as a rival.
#[derive(Clone, Debug, PartialEq)]
pub struct GraphRival {
    /// Its name.
    pub name: String,
    /// How probable it is before any well; only ratios count.
    pub prior: f64,
    pub(super) graph: Mixed,
}

/// The names and marks of a chain: `a -> b <- c` is `[a, b, c]` with `["->", "<-"]`.
fn chain(text: &str) -> Option<(Vec<String>, Vec<&str>)> {
    let (mut names, mut marks, mut rest) = (Vec::new(), Vec::new(), text);
    loop {
        let next = ["<->", "->", "<-"]
            .into_iter()
            .filter_map(|mark| Some((rest.find(mark)?, mark)))
            .min_by_key(|(at, mark)| (*at, usize::MAX - mark.len()));
        let (name, after) = match next {
            Some((at, mark)) => {
                marks.push(mark);
                (&rest[..at], Some(&rest[at + mark.len()..]))
            }
            None => (rest, None),
        };
        let name = name.trim();
        if name.is_empty() {
            return None;
        }
        names.push(name.to_owned());
        match after {
            Some(after) => rest = after,
            None => return (!marks.is_empty()).then_some((names, marks)),
        }
    }
}

impl GraphRival {
    /// A graph of arrows as people write them: `a -> b`, `a <- b`, `a <-> b` for a hidden cause of both, and chains of these. No
    /// arrows at all is the graph in which nothing drives anything.
    ///
    /// # Errors
    /// See [`GraphError`].
    pub fn new(
        name: &str,
        prior: f64,
        arrows: &[&str],
        variables: &[&str],
    ) -> Result<Self, GraphError> {
        let place = |name: &String| {
            let found = variables.iter().position(|own| own == name);
            found.ok_or_else(|| GraphError::Variable {
                name: name.clone(),
                known: variables.iter().map(ToString::to_string).collect(),
                hint: nearest(name, variables.iter().copied())
                    .map_or(String::new(), |near| format!("; did you mean '{near}'?")),
            })
        };
        let (mut directed, mut hidden) = (Vec::new(), Vec::new());
        for text in arrows {
            let (names, marks) = chain(text).ok_or_else(|| GraphError::Arrow((*text).into()))?;
            let places = names.iter().map(place).collect::<Result<Vec<_>, _>>()?;
            for (pair, mark) in places.windows(2).zip(marks) {
                if pair[0] == pair[1] {
                    return Err(GraphError::Itself(variables[pair[0]].into()));
                }
                match mark {
                    "->" => directed.push((pair[0], pair[1])),
                    "<-" => directed.push((pair[1], pair[0])),
                    _ => hidden.push((pair[0], pair[1])),
                }
            }
        }
        directed.sort_unstable();
        directed.dedup();
        let dag = Dag::from_arrows(variables.len(), &directed).ok_or(GraphError::Circle)?;
        Ok(Self {
            name: name.into(),
            prior,
            graph: Mixed::confounded(dag, &hidden),
        })
    }

    /// The arrows in one line.
    #[must_use]
    pub fn text(&self, variables: &[String]) -> String {
        words(&self.graph, variables)
    }
}

pub(super) fn words(graph: &Mixed, variables: &[String]) -> String {
    let arrows = graph
        .dag
        .arrows()
        .map(|(from, to)| format!("{} → {}", variables[from], variables[to]));
    let hidden = graph.confounded_groups().map(|group| {
        let names: Vec<&str> = group.iter().map(|at| variables[at].as_str()).collect();
        names.join(" ↔ ")
    });
    let all: Vec<String> = arrows.chain(hidden).collect();
    if all.is_empty() {
        "nothing drives anything".into()
    } else {
        all.join(", ")
    }
}

/// What has to be changed of one graph to make it another, in words.
pub(super) fn change(from: &Mixed, to: &Mixed, variables: &[String]) -> String {
    let arrows = |graph: &Mixed| graph.dag.arrows().collect::<Vec<_>>();
    let (before, after) = (arrows(from), arrows(to));
    let name = |(a, b): &(usize, usize)| format!("{} → {}", variables[*a], variables[*b]);
    let more: Vec<&(usize, usize)> = after.iter().filter(|a| !before.contains(a)).collect();
    let fewer: Vec<&(usize, usize)> = before.iter().filter(|a| !after.contains(a)).collect();
    match (&more[..], &fewer[..]) {
        ([more], []) => format!("with {}", name(more)),
        ([], [fewer]) => format!("without {}", name(fewer)),
        ([more], [_]) => format!("with {} instead of the reverse", name(more)),
        _ => {
            let pair = |graph: &Mixed| -> Vec<String> {
                graph
                    .confounded_groups()
                    .map(|group| {
                        let names: Vec<&str> =
                            group.iter().map(|at| variables[at].as_str()).collect();
                        names.join(" and ")
                    })
                    .collect()
            };
            let (before, after) = (pair(from), pair(to));
            match after.iter().find(|group| !before.contains(group)) {
                Some(group) => format!("with a hidden cause of {group}"),
                None => "without a hidden cause".into(),
            }
        }
    }
}

/// All graphs that are one change away.
pub(super) fn near(graph: &Mixed) -> Vec<Mixed> {
    let n = graph.dag.variables();
    let mut all = Vec::new();
    for to in 0..n {
        let parents = graph.dag.parents(to);
        for from in (0..n).filter(|from| *from != to) {
            if parents.has(from) {
                all.extend(graph.with_parents(to, parents.without(from)));
                all.extend(graph.turned(from, to));
            } else {
                all.extend(graph.with_parents(to, parents.with(from)));
            }
            // A pair of hidden causes counts once.
            if from < to && !graph.group(to).has(from) {
                all.push(graph.moved(to, Some(from)));
            }
        }
        if graph.group(to).len() > 1 {
            all.push(graph.moved(to, None));
        }
    }
    all
}
