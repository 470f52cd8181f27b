//! Small wire types that several records share.

use bus::{Device, Flag};
use labware::{Place, Well};
use quantity::{ArmId, InstrumentId, MoverId, NestId, StationId};
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PlaceWire {
    Nest(u32),
    Mover(u32),
    Arm(u32),
    Floor(u32),
    Outside,
}

impl From<Place> for PlaceWire {
    fn from(place: Place) -> Self {
        match place {
            Place::Nest(id) => Self::Nest(id.0),
            Place::Mover(id) => Self::Mover(id.0),
            Place::Arm(id) => Self::Arm(id.0),
            Place::Floor(id) => Self::Floor(id.0),
            Place::Outside => Self::Outside,
        }
    }
}

impl From<PlaceWire> for Place {
    fn from(place: PlaceWire) -> Self {
        match place {
            PlaceWire::Nest(id) => Self::Nest(NestId(id)),
            PlaceWire::Mover(id) => Self::Mover(MoverId(id)),
            PlaceWire::Arm(id) => Self::Arm(ArmId(id)),
            PlaceWire::Floor(id) => Self::Floor(StationId(id)),
            PlaceWire::Outside => Self::Outside,
        }
    }
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DeviceWire {
    Mover(u32),
    Arm(u32),
    Instrument(u32),
    Person,
}

impl From<Device> for DeviceWire {
    fn from(device: Device) -> Self {
        match device {
            Device::Mover(id) => Self::Mover(id.0),
            Device::Arm(id) => Self::Arm(id.0),
            Device::Instrument(id) => Self::Instrument(id.0),
            Device::Person => Self::Person,
        }
    }
}

impl From<DeviceWire> for Device {
    fn from(device: DeviceWire) -> Self {
        match device {
            DeviceWire::Mover(id) => Self::Mover(MoverId(id)),
            DeviceWire::Arm(id) => Self::Arm(ArmId(id)),
            DeviceWire::Instrument(id) => Self::Instrument(InstrumentId(id)),
            DeviceWire::Person => Self::Person,
        }
    }
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FlagWire {
    Saturated,
    VolumeShort,
    NoSignal,
    Defect,
    LagBroken,
    Spilled,
    InDoubt,
    PlateRejected,
}

impl From<Flag> for FlagWire {
    fn from(flag: Flag) -> Self {
        match flag {
            Flag::Saturated => Self::Saturated,
            Flag::VolumeShort => Self::VolumeShort,
            Flag::NoSignal => Self::NoSignal,
            Flag::Defect => Self::Defect,
            Flag::LagBroken => Self::LagBroken,
            Flag::Spilled => Self::Spilled,
            Flag::InDoubt => Self::InDoubt,
            Flag::PlateRejected => Self::PlateRejected,
        }
    }
}

impl From<FlagWire> for Flag {
    fn from(flag: FlagWire) -> Self {
        match flag {
            FlagWire::Saturated => Self::Saturated,
            FlagWire::VolumeShort => Self::VolumeShort,
            FlagWire::NoSignal => Self::NoSignal,
            FlagWire::Defect => Self::Defect,
            FlagWire::LagBroken => Self::LagBroken,
            FlagWire::Spilled => Self::Spilled,
            FlagWire::InDoubt => Self::InDoubt,
            FlagWire::PlateRejected => Self::PlateRejected,
        }
    }
}

/// Row and column, from zero.
pub(crate) type WellWire = (u8, u8);

pub(crate) fn well(well: Well) -> WellWire {
    (well.row, well.column)
}

pub(crate) fn to_well((row, column): WellWire) -> Well {
    Well::new(row, column)
}
