//! Directed acyclic graphs, and what observation and interventions can tell of their arrows.

use crate::nodes::Nodes;

/// A directed acyclic graph.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Dag {
    parents: Vec<Nodes>,
}

impl Dag {
    /// Variables without arrows.
    #[must_use]
    pub fn empty(variables: usize) -> Self {
        Self {
            parents: vec![Nodes::NONE; variables],
        }
    }

    /// From the parents of each variable; `None` if there is a circle.
    #[must_use]
    pub fn from_parents(parents: Vec<Nodes>) -> Option<Self> {
        let dag = Self { parents };
        (dag.order().len() == dag.variables()).then_some(dag)
    }

    /// From arrows `(from, to)`; `None` if there is a circle or a variable that isn't.
    #[must_use]
    pub fn from_arrows(variables: usize, arrows: &[(usize, usize)]) -> Option<Self> {
        let mut parents = vec![Nodes::NONE; variables];
        for &(from, to) in arrows {
            if from >= variables {
                return None;
            }
            let set = parents.get_mut(to)?;
            *set = set.with(from);
        }
        Self::from_parents(parents)
    }

    /// How many variables.
    #[must_use]
    pub fn variables(&self) -> usize {
        self.parents.len()
    }

    /// What drives a variable directly.
    #[must_use]
    pub fn parents(&self, node: usize) -> Nodes {
        self.parents[node]
    }

    /// What a variable drives directly.
    #[must_use]
    pub fn children(&self, node: usize) -> Nodes {
        (0..self.variables())
            .filter(|to| self.parents[*to].has(node))
            .collect()
    }

    /// Changes a variable's parents. The caller has seen to it that no circle arises.
    pub(crate) fn set_parents(&mut self, node: usize, parents: Nodes) {
        self.parents[node] = parents;
    }

    /// All arrows `(from, to)`.
    pub fn arrows(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.parents
            .iter()
            .enumerate()
            .flat_map(|(to, set)| set.iter().map(move |from| (from, to)))
    }

    /// Variables so that causes come first (only those that are on no circle).
    #[must_use]
    pub fn order(&self) -> Vec<usize> {
        let n = self.parents.len();
        let (mut placed, mut order) = (Nodes::NONE, Vec::with_capacity(n));
        loop {
            let before = order.len();
            for node in 0..n {
                if !placed.has(node) && self.parents[node].minus(placed).is_empty() {
                    placed = placed.with(node);
                    order.push(node);
                }
            }
            if order.len() == before {
                return order;
            }
        }
    }

    /// For each variable, everything above it.
    #[must_use]
    pub fn ancestors(&self) -> Vec<Nodes> {
        let mut above = vec![Nodes::NONE; self.variables()];
        for node in self.order() {
            above[node] = self.parents[node]
                .iter()
                .fold(self.parents[node], |set, parent| set.or(above[parent]));
        }
        above
    }

    /// What data from these interventions (and observation), however many, tells of the arrows: the
    /// interventional essential graph (Hauser and Bühlmann, JMLR 13 (2012) 2409). Each target set is
    /// one kind of intervention; no set leaves the essential graph of the Markov class.
    #[must_use]
    pub fn essential(&self, targets: &[Nodes]) -> Essential {
        let n = self.variables();
        let mut skeleton = self.parents.clone();
        for (from, to) in self.arrows() {
            skeleton[from] = skeleton[from].with(to);
        }
        let mut graph = Essential {
            parents: vec![Nodes::NONE; n],
            neighbours: skeleton.clone(),
        };
        for (from, to) in self.arrows() {
            // A collider: another parent of `to` that is no neighbour of `from`.
            let collides = !self.parents[to]
                .without(from)
                .minus(skeleton[from])
                .is_empty();
            let separated = targets.iter().any(|set| set.has(from) != set.has(to));
            if collides || separated {
                graph.orient(from, to);
            }
        }
        graph.close();
        graph
    }
}

/// A graph with arrows, and edges whose direction is open.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Essential {
    parents: Vec<Nodes>,
    neighbours: Vec<Nodes>,
}

impl Essential {
    /// How many variables.
    #[must_use]
    pub fn variables(&self) -> usize {
        self.parents.len()
    }

    /// What drives the variable, as far as it is settled.
    #[must_use]
    pub fn parents(&self, node: usize) -> Nodes {
        self.parents[node]
    }

    /// What is joined to the variable with open direction.
    #[must_use]
    pub fn neighbours(&self, node: usize) -> Nodes {
        self.neighbours[node]
    }

    /// How many edges are open.
    #[must_use]
    pub fn open(&self) -> usize {
        self.neighbours.iter().map(|set| set.len()).sum::<usize>() / 2
    }

    fn orient(&mut self, from: usize, to: usize) {
        self.neighbours[from] = self.neighbours[from].without(to);
        self.neighbours[to] = self.neighbours[to].without(from);
        self.parents[to] = self.parents[to].with(from);
    }

    fn adjacent(&self, a: usize, b: usize) -> bool {
        self.neighbours[a].has(b) || self.parents[a].has(b) || self.parents[b].has(a)
    }

    /// Orients what follows from what is oriented: the four rules of Meek (UAI 1995), until none applies.
    fn close(&mut self) {
        let n = self.variables();
        loop {
            let mut changed = false;
            for to in 0..n {
                for from in self.neighbours[to].iter() {
                    if self.follows(from, to) {
                        self.orient(from, to);
                        changed = true;
                    }
                }
            }
            if !changed {
                return;
            }
        }
    }

    /// Whether `from - to` must be `from → to`.
    fn follows(&self, from: usize, to: usize) -> bool {
        // A new collider would arise: x → from - to.
        if self.parents[from].iter().any(|x| !self.adjacent(x, to)) {
            return true;
        }
        // A circle would arise: from → x → to.
        if self.parents[to].iter().any(|x| self.parents[x].has(from)) {
            return true;
        }
        // from - x → to and from - y → to with x, y apart.
        let through = self.neighbours[from].and(self.parents[to]);
        for x in through.iter() {
            if through.without(x).iter().any(|y| !self.adjacent(x, y)) {
                return true;
            }
        }
        // from - x → y → to with x, to apart and y beside from.
        self.parents[to].iter().any(|y| {
            self.adjacent(y, from)
                && self.parents[y]
                    .and(self.neighbours[from])
                    .iter()
                    .any(|x| !self.adjacent(x, to))
        })
    }

    /// Every graph of the class: acyclic orientations of the open edges without new collider, each of
    /// which the settled arrows allow; at most `most` of them.
    #[must_use]
    pub fn members(&self, most: usize) -> Vec<Dag> {
        let mut found = Vec::new();
        self.clone().expand(most, &mut found);
        found
    }

    fn expand(self, most: usize, found: &mut Vec<Dag>) {
        if found.len() >= most {
            return;
        }
        let Some(a) = (0..self.variables()).find(|node| !self.neighbours[*node].is_empty()) else {
            found.extend(Dag::from_parents(self.parents));
            return;
        };
        let Some(b) = self.neighbours[a].iter().next() else {
            return;
        };
        // In a graph that is closed under the rules, both directions of an open edge occur in some
        // member (Meek 1995, theorem 4), so that no branch is empty.
        for (from, to) in [(a, b), (b, a)] {
            let mut next = self.clone();
            next.orient(from, to);
            next.close();
            next.expand(most, found);
        }
    }

    /// Structural Hamming distance: pairs of variables joined differently (a missing, an extra, and a
    /// turned or open arrow count one each; Tsamardinos et al., Machine Learning 65 (2006) 31).
    #[must_use]
    pub fn distance(&self, other: &Self) -> usize {
        let mark = |graph: &Self, a: usize, b: usize| {
            (
                graph.parents[b].has(a),
                graph.parents[a].has(b),
                graph.neighbours[a].has(b),
            )
        };
        let n = self.variables().min(other.variables());
        (0..n)
            .flat_map(|a| (a + 1..n).map(move |b| (a, b)))
            .filter(|&(a, b)| mark(self, a, b) != mark(other, a, b))
            .count()
    }
}

impl From<&Dag> for Essential {
    fn from(dag: &Dag) -> Self {
        Self {
            parents: dag.parents.clone(),
            neighbours: vec![Nodes::NONE; dag.variables()],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collider_shows_and_a_chain_does_not() {
        let collider = Dag::from_arrows(3, &[(0, 2), (1, 2)]).unwrap();
        assert_eq!(collider.essential(&[]).open(), 0);
        let chain = Dag::from_arrows(3, &[(0, 1), (1, 2)]).unwrap();
        assert_eq!(chain.essential(&[]).open(), 2);
        assert_eq!(chain.essential(&[]).members(100).len(), 3);
        // Acting on the middle settles both; acting on the last settles only what it touches.
        assert_eq!(chain.essential(&[Nodes::one(1)]).open(), 0);
        assert_eq!(chain.essential(&[Nodes::one(2)]).open(), 1);
        // Acting on the first settles its arrow, and the rest follows.
        assert_eq!(chain.essential(&[Nodes::one(0)]).open(), 0);
    }

    #[test]
    fn circles_are_no_graph() {
        assert!(Dag::from_arrows(3, &[(0, 1), (1, 2), (2, 0)]).is_none());
        assert!(Dag::from_arrows(2, &[(0, 2)]).is_none());
    }

    #[test]
    fn a_complete_graph_has_every_order() {
        let arrows: Vec<_> = (0..5)
            .flat_map(|a| (a + 1..5).map(move |b| (a, b)))
            .collect();
        let dag = Dag::from_arrows(5, &arrows).unwrap();
        assert_eq!(dag.essential(&[]).members(1000).len(), 120);
    }
}
