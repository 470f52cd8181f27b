//! The ids that a campaign gives: no two campaigns of a hall give the same.

use crate::assay::Campaign;
use crate::worklists::barcode_stem;
use quantity::{CampaignId, OrderId, PlateId, ReagentId};
use std::collections::BTreeSet;
use std::sync::Arc;

/// How a campaign numbers what it hands to the hall. Of three campaigns the first has the orders and plates 0, 3, 6, …, the
/// second 1, 4, 7, …; the liquids of each follow those of the one before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numbers {
    /// Its place among those that share the hall, from 0.
    place: u32,
    /// How many share the hall.
    of: u32,
    /// Liquids of those before it.
    reagents: u32,
    /// What its barcodes begin with.
    pub stem: Arc<str>,
}

impl Numbers {
    /// Those of a campaign that has the hall for itself.
    #[must_use]
    pub fn alone(name: &str) -> Self {
        Self {
            place: 0,
            of: 1,
            reagents: 0,
            stem: barcode_stem(name).into(),
        }
    }

    /// The order of the campaign's plate with this number, from 0.
    #[must_use]
    pub fn order(&self, number: u32) -> OrderId {
        OrderId(number * self.of + self.place)
    }

    /// The campaign's plate with this number, from 0.
    #[must_use]
    pub fn plate(&self, number: u32) -> PlateId {
        PlateId(number * self.of + self.place)
    }

    /// What the hall calls a liquid of the campaign's shelf.
    #[must_use]
    pub fn reagent(&self, own: ReagentId) -> ReagentId {
        ReagentId(own.0 + self.reagents)
    }

    /// Whether it gave this order its id.
    #[must_use]
    pub fn is_order(&self, order: OrderId) -> bool {
        order.0 % self.of == self.place
    }

    /// Whether it gave this plate its id.
    #[must_use]
    pub fn is_plate(&self, plate: PlateId) -> bool {
        plate.0 % self.of == self.place
    }
}

/// Gives campaigns that are to share a hall ids that do not meet, in the order in which they stand here. Each has a name
/// of its own.
pub fn share_out(campaigns: &mut [&mut Campaign]) {
    let of = campaigns.len() as u32;
    let mut reagents = 0;
    let mut stems = BTreeSet::new();
    for (place, campaign) in (0u32..).zip(campaigns) {
        let mut stem = barcode_stem(&campaign.name);
        // Long names may begin alike.
        let mut turn = 2;
        while !stems.insert(stem.clone()) {
            stem = format!("{}{turn}", barcode_stem(&campaign.name));
            turn += 1;
        }
        campaign.id = CampaignId(place as u16);
        campaign.numbers = Numbers {
            place,
            of,
            reagents,
            stem: stem.into(),
        };
        reagents += campaign.assay.recipe.shelf.next_id().0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_campaigns_give_the_same_id_and_each_knows_its_own() {
        let all: Vec<Numbers> = (0..3)
            .map(|place| Numbers {
                place,
                of: 3,
                reagents: 10 * place,
                stem: "".into(),
            })
            .collect();
        let mut orders = BTreeSet::new();
        for (place, numbers) in all.iter().enumerate() {
            for number in 0..50 {
                let order = numbers.order(number);
                assert!(orders.insert(order));
                for (other, others) in all.iter().enumerate() {
                    assert_eq!(others.is_order(order), other == place);
                    assert_eq!(others.is_plate(numbers.plate(number)), other == place);
                }
            }
        }
        // They are as dense as those of one campaign.
        assert_eq!(orders.last(), Some(&OrderId(149)));
        assert_eq!(all[2].reagent(ReagentId(4)), ReagentId(24));
        let alone = Numbers::alone("a");
        assert_eq!((alone.order(7), alone.plate(7)), (OrderId(7), PlateId(7)));
    }
}
