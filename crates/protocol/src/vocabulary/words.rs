//! The list of words.

use super::Form::{Integer, OneOf, Quantity};
use super::Reading::{Always, Never, Sometimes};
use super::{Form, Given, Param, Word};
use crate::Repeat::{Checkable, Irreversible, Repeatable};
use labware::Cover;
use quantity::Kind::{Ratio, Rotation, Temperature, Time, Volume, Wavelength};

pub(super) const ANY: &[Cover] = &[Cover::Open, Cover::Lid, Cover::Seal];
const OPEN: &[Cover] = &[Cover::Open];
const COVERED: &[Cover] = &[Cover::Lid, Cover::Seal];

const fn required(name: &'static str, form: Form, about: &'static str) -> Param {
    Param {
        name,
        form,
        given: Given::Required,
        about,
    }
}

const fn optional(name: &'static str, form: Form, about: &'static str) -> Param {
    Param {
        name,
        form,
        given: Given::Optional,
        about,
    }
}

const fn default(
    name: &'static str,
    form: Form,
    value: &'static str,
    about: &'static str,
) -> Param {
    Param {
        name,
        form,
        given: Given::Default(value),
        about,
    }
}

const WORD: Word = Word {
    name: "",
    about: "",
    params: &[],
    repeat: Repeatable,
    adds_liquid: false,
    empties: false,
    reading: Never,
    covers: ANY,
    leaves: None,
    together: None,
};

/// The longest that one operation may take.
pub const LONGEST: &str = "30 d";

const SPAN: Form = Quantity(Time, "1 s", LONGEST);
const WARMTH: Form = Quantity(Temperature, "-80 °C", "120 °C");
const SHAKING: Form = Quantity(Rotation, "50 rpm", "3000 rpm");
const LIGHT: Form = Quantity(Wavelength, "200 nm", "1100 nm");
/// More than any well here holds is refused by the labware, with a better message.
const WELL: Form = Quantity(Volume, "1 nL", "1 L");

const MOST: Param = optional(
    "volume",
    WELL,
    "the most that this step puts into one well, checked against the plate and the worklists",
);
const INTERVAL: Param = optional(
    "interval",
    Quantity(Time, "1 s", "24 h"),
    "time from one reading to the next, for a kinetic reading",
);
const READING_TIME: Param = optional("duration", SPAN, "how long a kinetic reading goes on");
const READER_WARMTH: Param = optional(
    "temperature",
    Quantity(Temperature, "4 °C", "65 °C"),
    "temperature of the chamber",
);

/// Every capability, in the order of a plate's usual day.
pub const WORDS: &[Word] = &[
    Word {
        name: "dispense",
        about: "puts bulk reagent into wells from above",
        params: &[MOST],
        repeat: Irreversible,
        adds_liquid: true,
        covers: OPEN,
        ..WORD
    },
    Word {
        name: "transfer",
        about: "pipettes liquid into wells with fresh tips",
        params: &[
            MOST,
            default(
                "mix",
                Integer(0, 20),
                "0",
                "times that each well is drawn up and down after",
            ),
        ],
        repeat: Irreversible,
        adds_liquid: true,
        covers: OPEN,
        ..WORD
    },
    Word {
        name: "acoustic_transfer",
        about: "shoots nanolitre droplets into wells without touching them",
        params: &[MOST],
        repeat: Irreversible,
        adds_liquid: true,
        covers: OPEN,
        ..WORD
    },
    Word {
        name: "wash",
        about: "takes the liquid out of the wells, washes and leaves them empty",
        params: &[
            default(
                "cycles",
                Integer(1, 12),
                "3",
                "times that the wells are filled and emptied",
            ),
            optional(
                "volume",
                WELL,
                "volume of each fill; as much as the wells hold if left out",
            ),
            default(
                "soak",
                Quantity(Time, "0 s", "1 h"),
                "0 s",
                "time from each fill to its emptying",
            ),
        ],
        repeat: Irreversible,
        empties: true,
        covers: OPEN,
        ..WORD
    },
    Word {
        name: "seal",
        about: "closes the wells with a heat seal",
        params: &[
            default(
                "temperature",
                Quantity(Temperature, "20 °C", "200 °C"),
                "165 °C",
                "temperature of the plate that presses",
            ),
            default(
                "press",
                Quantity(Time, "0.5 s", "9.9 s"),
                "2.5 s",
                "how long it presses",
            ),
        ],
        repeat: Checkable,
        covers: OPEN,
        leaves: Some(Cover::Seal),
        ..WORD
    },
    Word {
        name: "peel",
        about: "takes the seal off",
        repeat: Checkable,
        covers: &[Cover::Seal],
        leaves: Some(Cover::Open),
        ..WORD
    },
    Word {
        name: "lid",
        about: "puts a lid on",
        repeat: Checkable,
        covers: OPEN,
        leaves: Some(Cover::Lid),
        ..WORD
    },
    Word {
        name: "delid",
        about: "takes the lid off",
        repeat: Checkable,
        covers: &[Cover::Lid],
        leaves: Some(Cover::Open),
        ..WORD
    },
    Word {
        name: "incubate",
        about: "keeps the plate at a temperature, shaken if asked",
        params: &[
            required(
                "temperature",
                Quantity(Temperature, "0 °C", "100 °C"),
                "temperature of the chamber",
            ),
            required("duration", SPAN, "how long"),
            optional("shaking", SHAKING, "rate of orbital shaking"),
        ],
        ..WORD
    },
    Word {
        name: "shake",
        about: "shakes the plate to mix its wells",
        params: &[
            required("speed", SHAKING, "rate of orbital shaking"),
            required("duration", Quantity(Time, "1 s", "24 h"), "how long"),
            optional(
                "temperature",
                Quantity(Temperature, "4 °C", "100 °C"),
                "temperature of the nest",
            ),
        ],
        ..WORD
    },
    Word {
        name: "centrifuge",
        about: "spins the plate to bring liquid down",
        params: &[
            required(
                "speed",
                Quantity(Rotation, "100 rpm", "6000 rpm"),
                "rate of rotation",
            ),
            required(
                "duration",
                Quantity(Time, "5 s", "2 h"),
                "how long at speed",
            ),
        ],
        ..WORD
    },
    Word {
        name: "thermocycle",
        about: "takes the plate through cycles of temperature; measures fluorescence each cycle if the step names a reading",
        params: &[
            required("cycles", Integer(1, 99), "how many"),
            default(
                "denature",
                WARMTH,
                "95 °C",
                "temperature at which strands part",
            ),
            default(
                "anneal",
                WARMTH,
                "60 °C",
                "temperature at which primers bind",
            ),
            default(
                "extend",
                WARMTH,
                "72 °C",
                "temperature at which strands grow",
            ),
            required("duration", SPAN, "how long the whole program takes"),
        ],
        repeat: Irreversible,
        reading: Sometimes,
        covers: COVERED,
        ..WORD
    },
    Word {
        name: "read_absorbance",
        about: "measures the absorbance of each well",
        params: &[
            required("wavelength", LIGHT, "wavelength of the light"),
            INTERVAL,
            READING_TIME,
            READER_WARMTH,
        ],
        reading: Always,
        together: Some(("interval", "duration")),
        ..WORD
    },
    Word {
        name: "read_fluorescence",
        about: "measures the fluorescence of each well",
        params: &[
            required("excitation", LIGHT, "wavelength of the light that excites"),
            required(
                "emission",
                LIGHT,
                "wavelength of the light that is measured",
            ),
            default(
                "gain",
                Quantity(Ratio, "1 %", "100 %"),
                "50 %",
                "amplification of the detector",
            ),
            INTERVAL,
            READING_TIME,
            READER_WARMTH,
        ],
        reading: Always,
        together: Some(("interval", "duration")),
        ..WORD
    },
    Word {
        name: "read_luminescence",
        about: "measures the light that each well gives off",
        params: &[
            default(
                "integration",
                Quantity(Time, "10 ms", "10 s"),
                "0.5 s",
                "measuring time of each well",
            ),
            INTERVAL,
            READING_TIME,
            READER_WARMTH,
        ],
        reading: Always,
        covers: &[Cover::Open, Cover::Lid],
        together: Some(("interval", "duration")),
        ..WORD
    },
    Word {
        name: "image",
        about: "takes pictures of each well",
        params: &[
            default(
                "mode",
                OneOf(&["brightfield", "phase", "fluorescence"]),
                "brightfield",
                "kind of light",
            ),
            default("magnification", Integer(1, 100), "4", "of the objective"),
            optional(
                "excitation",
                LIGHT,
                "wavelength of the light that excites, for fluorescence",
            ),
        ],
        reading: Always,
        ..WORD
    },
    Word {
        name: "sequence",
        about: "reads the sequence of what is in each well, by its barcode",
        params: &[
            default("cycles", Integer(25, 600), "150", "letters of each read"),
            default(
                "depth",
                Integer(1, 1_000_000),
                "1000",
                "reads wanted for each well",
            ),
        ],
        repeat: Irreversible,
        reading: Always,
        covers: OPEN,
        ..WORD
    },
    Word {
        name: "lcms",
        about: "separates and weighs what is in each well by liquid chromatography and mass spectrometry",
        params: &[
            default(
                "injection",
                Quantity(Volume, "100 nL", "50 µL"),
                "2 µL",
                "volume that is taken from each well",
            ),
            default(
                "mode",
                OneOf(&["positive", "negative", "uv"]),
                "uv",
                "how it is detected",
            ),
        ],
        repeat: Irreversible,
        reading: Always,
        ..WORD
    },
    Word {
        name: "measure_conductivity",
        about: "measures the ionic conductivity of each well with a dipped cell",
        params: &[optional(
            "temperature",
            Quantity(Temperature, "-40 °C", "80 °C"),
            "temperature at which it is measured",
        )],
        reading: Always,
        covers: OPEN,
        ..WORD
    },
    Word {
        name: "weigh",
        about: "weighs the plate",
        repeat: Checkable,
        reading: Always,
        ..WORD
    },
    Word {
        name: "scan",
        about: "reads the barcode of the plate",
        ..WORD
    },
    Word {
        name: "store",
        about: "keeps the plate cold in a store, apart from its home in a hotel",
        params: &[
            required(
                "temperature",
                Quantity(Temperature, "-80 °C", "25 °C"),
                "temperature of the store",
            ),
            required("duration", SPAN, "how long"),
        ],
        ..WORD
    },
];
