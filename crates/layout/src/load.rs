//! What a hall is to do: protocols, how many plates of each, and orders for them.

use protocol::{Order, Protocol, Transfer, Value, Worklist};
use quantity::{CampaignId, Instant, Kind, OrderId, PlateId, ReagentId, StepId, Volume};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A protocol with worklists that fill every well, which all orders for it share.
#[derive(Clone, Debug)]
pub struct Recipe {
    protocol: Arc<Protocol>,
    worklists: BTreeMap<StepId, Arc<Worklist>>,
}

impl Recipe {
    /// Every well is filled, at each step with as much as the step says, at a transfer from
    /// `reagents` liquids in equal parts; where that is more than the well holds, all steps put in
    /// less in proportion.
    #[must_use]
    pub fn new(protocol: Arc<Protocol>, reagents: u32) -> Self {
        let stated = |params: &protocol::Params| match params.get("volume") {
            Some(Value::Quantity(Kind::Volume, base)) => *base,
            _ => 1000,
        };
        let fills = || protocol.steps.iter().filter(|s| s.worklist.is_some());
        let total: i64 = fills().map(|s| stated(&s.operation.params)).sum();
        let most = protocol.labware.well.max_volume.base();
        let worklists = fills()
            .map(|step| {
                let volume = stated(&step.operation.params);
                let volume = if total > most {
                    volume * most / total
                } else {
                    volume
                };
                let transfers_many = step.operation.capability.contains("transfer");
                let parts = if transfers_many { reagents.max(1) } else { 1 };
                let transfers = protocol
                    .labware
                    .each_well()
                    .flat_map(|well| {
                        (0..parts).map(move |part| Transfer {
                            well,
                            reagent: ReagentId(if parts == 1 { 0 } else { part + 1 }),
                            volume: Volume::from_base(volume / i64::from(parts)),
                        })
                    })
                    .collect();
                (step.id, Arc::new(Worklist { transfers }))
            })
            .collect();
        Self {
            protocol,
            worklists,
        }
    }

    /// The protocol.
    #[must_use]
    pub fn protocol(&self) -> &Arc<Protocol> {
        &self.protocol
    }

    /// How many wells a step touches: each of the plate, as the worklists fill every one.
    #[must_use]
    pub fn wells(&self) -> usize {
        self.protocol.labware.wells()
    }

    /// An order for it.
    #[must_use]
    pub fn order(&self, number: u32) -> Arc<Order> {
        Arc::new(Order {
            id: OrderId(number),
            campaign: CampaignId(0),
            plate: PlateId(number),
            barcode: format!("D{number:06}").into(),
            protocol: self.protocol.clone(),
            worklists: self.worklists.clone(),
            release: Instant::EPOCH,
            due: None,
            deadline: None,
            priority: 1,
            weight: 1,
        })
    }
}

/// Recipes with the share of the plates that each has.
#[derive(Clone, Debug)]
pub struct Mix {
    parts: Vec<(Recipe, f64)>,
}

impl Mix {
    /// From recipes with weights. Weights that are not positive numbers count as nothing.
    #[must_use]
    pub fn new(parts: Vec<(Recipe, f64)>) -> Self {
        let weight = |w: f64| if w.is_finite() && w > 0.0 { w } else { 0.0 };
        let total: f64 = parts.iter().map(|(_, w)| weight(*w)).sum();
        let parts = parts
            .into_iter()
            .filter(|(_, w)| weight(*w) > 0.0)
            .map(|(recipe, w)| (recipe, w / total))
            .collect();
        Self { parts }
    }

    /// Recipes, and the share of each; the shares add up to one.
    pub fn parts(&self) -> impl Iterator<Item = (&Recipe, f64)> {
        self.parts.iter().map(|(recipe, share)| (recipe, *share))
    }

    /// Whether it has no recipe.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// How many recipes it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.parts.len()
    }

    /// The recipe at a place.
    #[must_use]
    pub fn recipe(&self, at: usize) -> &Recipe {
        &self.parts[at].0
    }
}

/// Deals the recipes of a mix so that at every moment each has had its share, to within one plate:
/// the one that is furthest behind comes next.
#[derive(Clone, Debug)]
pub struct Dealer {
    shares: Vec<f64>,
    dealt: Vec<u32>,
}

impl Dealer {
    /// Nothing is dealt yet.
    #[must_use]
    pub fn new(mix: &Mix) -> Self {
        Self {
            shares: mix.parts().map(|(_, share)| share).collect(),
            dealt: vec![0; mix.len()],
        }
    }
}

impl Iterator for Dealer {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let total = f64::from(self.dealt.iter().sum::<u32>() + 1);
        let behind = |at: usize| self.shares[at] * total - f64::from(self.dealt[at]);
        let at = (0..self.shares.len()).max_by(|&a, &b| behind(a).total_cmp(&behind(b)))?;
        self.dealt[at] += 1;
        Some(at)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use labware::Catalogue;
    use protocol::ProtocolFile;

    /// A protocol of three steps.
    pub(crate) const SHORT: &str = r#"
name = "short"
labware = "corning_96_wellplate_360ul_flat"
[[step]]
do = "dispense"
volume = "50 µL"
[[step]]
do = "incubate"
temperature = "37 °C"
duration = "20 min"
[[step]]
do = "read_absorbance"
wavelength = "600 nm"
"#;

    pub(crate) fn recipe(text: &str) -> Recipe {
        let (file, _) = ProtocolFile::parse("test", text, &Catalogue::standard()).unwrap();
        Recipe::new(file.protocol, 4)
    }

    #[test]
    fn each_has_its_share_at_every_moment() {
        let one = recipe(SHORT);
        let mix = Mix::new(vec![
            (one.clone(), 3.0),
            (one.clone(), 1.0),
            (one, f64::NAN),
        ]);
        assert_eq!(mix.len(), 2);
        let mut dealt = [0_i32; 2];
        for (count, at) in Dealer::new(&mix).take(100).enumerate() {
            dealt[at] += 1;
            let due = 0.25 * (count + 1) as f64;
            assert!((f64::from(dealt[1]) - due).abs() <= 1.0, "{dealt:?}");
        }
        assert_eq!(dealt, [75, 25]);
    }

    #[test]
    fn worklists_fill_every_well_and_none_overflows() {
        let recipe = recipe(SHORT);
        let order = recipe.order(7);
        let list = order.worklists.values().next().unwrap();
        assert_eq!(list.transfers.len(), 96);
        assert_eq!(list.transfers[0].volume, Volume::from_ul(50.0));
    }
}
