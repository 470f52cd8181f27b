//! A solution of a job shop as a graph: operations, the order on every machine, longest paths.
//!
//! Heads and tails are longest paths from the begin and to the end (Roy and Sussmann 1964). A
//! topological order is kept and repaired locally at every move (Nowicki and Smutnicki, A fast taboo
//! search algorithm for the job shop problem, Management Science 42, 1996), so that a move costs one
//! forward and one backward pass over what it can change.

use crate::formats::jobshop::{JobShop, Slot, Solution};

/// No operation: what is before the first and behind the last. One behind the last index.
pub(super) type Op = u32;

/// The instance, flat.
#[derive(Clone, Debug)]
pub(super) struct Flat {
    pub(super) ops: usize,
    pub(super) machines: usize,
    pub(super) job: Vec<u32>,
    /// The operation before in the job, `ops` for none; likewise behind. One entry more than ops.
    pub(super) before: Vec<Op>,
    pub(super) behind: Vec<Op>,
    pub(super) options: Vec<Vec<(u32, i64)>>,
    /// First operation of every job, and `ops` at the end.
    pub(super) first: Vec<usize>,
}

impl Flat {
    pub(super) fn new(shop: &JobShop) -> Self {
        let ops = shop.operations();
        let none = ops as Op;
        let mut flat = Self {
            ops,
            machines: shop.machines,
            job: Vec::with_capacity(ops),
            before: Vec::with_capacity(ops + 1),
            behind: Vec::with_capacity(ops + 1),
            options: Vec::with_capacity(ops),
            first: Vec::with_capacity(shop.jobs.len() + 1),
        };
        for (j, job) in shop.jobs.iter().enumerate() {
            let first = flat.job.len();
            flat.first.push(first);
            for (k, options) in job.iter().enumerate() {
                let op = (first + k) as Op;
                flat.job.push(j as u32);
                flat.before.push(if k == 0 { none } else { op - 1 });
                flat.behind
                    .push(if k + 1 == job.len() { none } else { op + 1 });
                flat.options
                    .push(options.iter().map(|&(m, t)| (m as u32, t)).collect());
            }
        }
        flat.first.push(ops);
        flat.before.push(none);
        flat.behind.push(none);
        flat
    }

    pub(super) fn time(&self, op: Op, machine: u32) -> i64 {
        self.options[op as usize]
            .iter()
            .find(|o| o.0 == machine)
            .map_or(0, |o| o.1)
    }
}

/// A linear order of all operations and a machine for each: any that keeps the order within jobs is a
/// solution, so two of them can be mixed freely.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Code {
    pub(super) order: Vec<Op>,
    pub(super) machine: Vec<u32>,
}

/// A solution with its longest paths.
#[derive(Clone, Debug)]
pub(super) struct Graph<'a> {
    pub(super) flat: &'a Flat,
    pub(super) machine: Vec<u32>,
    /// Time on the chosen machine; zero for none, at the end.
    pub(super) p: Vec<i64>,
    /// The operation before on the machine, and behind.
    pub(super) pm: Vec<Op>,
    pub(super) sm: Vec<Op>,
    /// First operation on every machine.
    pub(super) head: Vec<Op>,
    /// Head plus time: the earliest end. Zero for none.
    pub(super) done: Vec<i64>,
    /// Tail plus time: from the begin to the end of all. Zero for none.
    pub(super) rest: Vec<i64>,
    pub(super) topo: Vec<Op>,
    pub(super) at: Vec<u32>,
    pub(super) makespan: i64,
    mark: Vec<bool>,
    swap: Vec<Op>,
}

impl<'a> Graph<'a> {
    pub(super) fn new(flat: &'a Flat, code: &Code) -> Self {
        let n = flat.ops;
        let none = n as Op;
        let mut graph = Self {
            flat,
            machine: code.machine.clone(),
            p: vec![0; n + 1],
            pm: vec![none; n + 1],
            sm: vec![none; n + 1],
            head: vec![none; flat.machines],
            done: vec![0; n + 1],
            rest: vec![0; n + 1],
            topo: code.order.clone(),
            at: vec![0; n + 1],
            makespan: 0,
            mark: vec![false; n + 1],
            swap: Vec::new(),
        };
        let mut last = vec![none; flat.machines];
        for &op in &code.order {
            let m = code.machine[op as usize] as usize;
            graph.p[op as usize] = flat.time(op, m as u32);
            graph.pm[op as usize] = last[m];
            if last[m] == none {
                graph.head[m] = op;
            } else {
                graph.sm[last[m] as usize] = op;
            }
            last[m] = op;
        }
        for (at, &op) in code.order.iter().enumerate() {
            graph.at[op as usize] = at as u32;
        }
        graph.forward(0);
        graph.backward(n);
        graph
    }

    pub(super) fn code(&self) -> Code {
        Code {
            order: self.topo.clone(),
            machine: self.machine.clone(),
        }
    }

    /// Heads from this place of the topological order on.
    fn forward(&mut self, from: usize) {
        let flat = self.flat;
        for &op in &self.topo[from..] {
            let op = op as usize;
            let a = self.done[flat.before[op] as usize];
            let b = self.done[self.pm[op] as usize];
            self.done[op] = a.max(b) + self.p[op];
        }
        self.makespan = flat.first[1..]
            .iter()
            .filter(|&&end| end > 0)
            .map(|&end| self.done[end - 1])
            .max()
            .unwrap_or(0);
    }

    /// Tails before this place of the topological order.
    fn backward(&mut self, until: usize) {
        let flat = self.flat;
        for &op in self.topo[..until].iter().rev() {
            let op = op as usize;
            let a = self.rest[flat.behind[op] as usize];
            let b = self.rest[self.sm[op] as usize];
            self.rest[op] = a.max(b) + self.p[op];
        }
    }

    /// Whether an operation lies on a longest path.
    pub(super) fn critical(&self, op: Op) -> bool {
        let op = op as usize;
        self.done[op] + self.rest[op] - self.p[op] == self.makespan
    }

    /// Takes `op` off its machine and puts it on `machine` right behind `left` (or first, for none).
    /// False, with nothing changed, if that made a circle.
    pub(super) fn shift(&mut self, op: Op, machine: u32, left: Op) -> bool {
        let none = self.flat.ops as Op;
        let v = op as usize;
        let old = (self.machine[v], self.pm[v]);
        self.unlink(op);
        let right = if left == none {
            self.head[machine as usize]
        } else {
            self.sm[left as usize]
        };
        let was = self.at[v] as usize;
        let Some((from, until)) = self.reorder(op, left, right) else {
            self.link(op, old.0, old.1);
            return false;
        };
        self.link(op, machine, left);
        if machine != old.0 {
            self.p[v] = self.flat.time(op, machine);
        }
        self.forward(from.min(was));
        self.backward(until.max(was) + 1);
        true
    }

    fn unlink(&mut self, op: Op) {
        let none = self.flat.ops as Op;
        let v = op as usize;
        let (a, b) = (self.pm[v], self.sm[v]);
        if a == none {
            self.head[self.machine[v] as usize] = b;
        } else {
            self.sm[a as usize] = b;
        }
        if b != none {
            self.pm[b as usize] = a;
        }
    }

    fn link(&mut self, op: Op, machine: u32, left: Op) {
        let none = self.flat.ops as Op;
        let v = op as usize;
        let right = if left == none {
            std::mem::replace(&mut self.head[machine as usize], op)
        } else {
            std::mem::replace(&mut self.sm[left as usize], op)
        };
        self.machine[v] = machine;
        self.pm[v] = left;
        self.sm[v] = right;
        if right != none {
            self.pm[right as usize] = op;
        }
    }

    /// Repairs the topological order for `op`, which is unlinked, between `left` and `right`: the
    /// stretch that changed, or `None` for a circle.
    fn reorder(&mut self, op: Op, left: Op, right: Op) -> Option<(usize, usize)> {
        let none = self.flat.ops as Op;
        let v = op as usize;
        let (jp, js) = (self.flat.before[v], self.flat.behind[v]);
        let place = |o: Op| (o != none).then(|| self.at[o as usize] as usize);
        // It must come behind everything up to `low` that leads to it, and before `high`.
        let low = place(jp).max(place(left));
        let high = [place(js), place(right)].into_iter().flatten().min();
        let was = self.at[v] as usize;
        match (low, high) {
            (Some(low), Some(high)) if low > high => {
                // What leads to its predecessors comes first, then it, then the others.
                let (from, until) = (high.min(was), low.max(was));
                self.mark[jp as usize] = true;
                self.mark[left as usize] = true;
                self.mark[none as usize] = false;
                let mut circle = false;
                for place in (high..=low).rev() {
                    let o = self.topo[place] as usize;
                    if o == v {
                        continue;
                    }
                    let leads = self.mark[o]
                        || self.mark[self.flat.behind[o] as usize] && self.flat.behind[o] != op
                        || self.mark[self.sm[o] as usize];
                    self.mark[o] = leads;
                    circle |= leads && (o == js as usize || o == right as usize);
                }
                if !circle {
                    self.swap.clear();
                    let mut end = from;
                    for place in from..=until {
                        let o = self.topo[place];
                        // In front of `high` everything stays in front.
                        if o == op {
                            continue;
                        }
                        if place < high || self.mark[o as usize] {
                            self.topo[end] = o;
                            self.at[o as usize] = end as u32;
                            end += 1;
                        } else {
                            self.swap.push(o);
                        }
                    }
                    self.topo[end] = op;
                    self.at[v] = end as u32;
                    for &o in &self.swap {
                        end += 1;
                        self.topo[end] = o;
                        self.at[o as usize] = end as u32;
                    }
                }
                for place in from..=until {
                    self.mark[self.topo[place] as usize] = false;
                }
                self.mark[jp as usize] = false;
                self.mark[left as usize] = false;
                (!circle).then_some((from, until))
            }
            _ => {
                // There is room between: it moves alone.
                let to = match (low, high) {
                    (Some(low), _) if low > was => low,
                    (_, Some(high)) if high < was => high,
                    _ => was,
                };
                if to > was {
                    self.topo.copy_within(was + 1..=to, was);
                } else {
                    self.topo.copy_within(to..was, to + 1);
                }
                self.topo[to] = op;
                let (from, until) = (to.min(was), to.max(was));
                for place in from..=until {
                    self.at[self.topo[place] as usize] = place as u32;
                }
                Some((from, until))
            }
        }
    }

    pub(super) fn solution(&self, name: &str, bound: i64) -> Solution {
        let jobs = self
            .flat
            .first
            .windows(2)
            .map(|w| {
                (w[0]..w[1])
                    .map(|op| Slot {
                        machine: self.machine[op] as usize,
                        start: self.done[op] - self.p[op],
                    })
                    .collect()
            })
            .collect();
        Solution {
            format: "jobshop-solution-1".to_owned(),
            instance: name.to_owned(),
            makespan: self.makespan,
            bound,
            jobs,
        }
    }
}
