//! What is wrong with a job, and why there is no place for it.

use super::Planner;
use super::place::Misfit;
use super::tables::{Loose, Tables};
use crate::job::{Job, Where};
use crate::line::FAR;
use crate::plan::Why;
use quantity::OrderId;

impl Planner {
    pub(super) fn validate(&self, job: &Job) -> Result<(), Why> {
        let unknown = |what: String| Err(Why::Unknown(what));
        if self.jobs.contains_key(&job.id) {
            return unknown(format!("{} is planned already; withdraw it first", job.id));
        }
        if job.tasks.is_empty() {
            return unknown(format!("{} has no tasks", job.id));
        }
        let machines = self.shop.machines.len();
        for (index, task) in job.tasks.iter().enumerate() {
            if task.options.is_empty() {
                return Err(Why::NoMachine { task: index });
            }
            if let Some(option) = task.options.iter().find(|o| o.machine >= machines) {
                return unknown(format!(
                    "task {index} of {} names machine {}, but the shop has {machines}",
                    job.id, option.machine
                ));
            }
        }
        self.validate_uses(job)?;
        match job.at {
            Where::In { machine, .. } if machine >= machines => {
                return unknown(format!(
                    "{} is in machine {machine}, but the shop has {machines}",
                    job.id
                ));
            }
            Where::On { station } | Where::Outside { station }
                if station >= self.shop.stations.len() =>
            {
                return unknown(format!(
                    "{} is at station {station}, but the shop has {}",
                    job.id,
                    self.shop.stations.len()
                ));
            }
            Where::Nowhere if job.tasks.len() > 1 => {
                return unknown(format!(
                    "{} is work on a machine itself, and has more than one task",
                    job.id
                ));
            }
            _ => {}
        }
        for lag in &job.lags {
            if lag.from.0 >= job.tasks.len() || lag.to.0 >= job.tasks.len() {
                return unknown(format!(
                    "a lag of {} names task {}, but it has {}",
                    job.id,
                    lag.from.0.max(lag.to.0),
                    job.tasks.len()
                ));
            }
        }
        if let Some(done) = job.progress.iter().find(|d| d.machine >= machines) {
            return unknown(format!(
                "{} has been in machine {}, but the shop has {machines}",
                job.id, done.machine
            ));
        }
        if job.progress.len() > job.tasks.len() {
            return unknown(format!("{} has done more tasks than it has", job.id));
        }
        Ok(())
    }

    /// A misfit in words for people.
    pub(super) fn why(&self, job: &Job, loose: &Loose, misfit: Misfit) -> Why {
        match misfit {
            Misfit::NoMachine(task) => Why::NoMachine { task },
            Misfit::Crowded(_) if self.tables.movers_none() => Why::NoMover,
            Misfit::Crowded(task) => {
                let mut by: Vec<OrderId> = job.tasks[task]
                    .options
                    .iter()
                    .flat_map(|o| self.slots[o.machine].overlapping(FAR - 1, FAR))
                    .collect();
                by.sort_unstable();
                by.dedup();
                Why::Crowded { task, by }
            }
            Misfit::Contradiction => {
                // Leave out one maximum after the other as long as the contradiction stays.
                let machines: Vec<usize> = job.tasks.iter().map(|t| t.options[0].machine).collect();
                let clash = |loose: &Loose| {
                    !Tables::net(&self.shop, job, &machines, 0, loose, None, &[]).close()
                };
                let mut without = loose.clone();
                let mut guilty = Vec::new();
                for (index, lag) in job.lags.iter().enumerate() {
                    without.lags.push(index);
                    if !clash(&without) {
                        without.lags.pop();
                        guilty.push(*lag);
                    }
                }
                Why::Contradiction(guilty)
            }
        }
    }
}
