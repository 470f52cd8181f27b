//! Colours that everybody can tell apart.
//!
//! Series take the eight colours of Okabe and Ito, 'Color Universal Design' (2008,
//! <https://jfly.uni-koeln.de/color/>), as classes of the page's style, lightened for dark pages.
//! Values take viridis (van der Walt, Smith and Firing, CC0,
//! <https://bids.github.io/colormap/>), whose lightness rises evenly, so that it reads in grey and
//! with every colour vision deficiency. No chart tells by colour alone.

/// Nine evenly spaced colours of viridis.
const VIRIDIS: [[u8; 3]; 9] = [
    [0x44, 0x01, 0x54],
    [0x47, 0x2d, 0x7b],
    [0x3b, 0x52, 0x8b],
    [0x2c, 0x72, 0x8e],
    [0x21, 0x90, 0x8c],
    [0x27, 0xad, 0x81],
    [0x5d, 0xc8, 0x63],
    [0xaa, 0xdc, 0x32],
    [0xfd, 0xe7, 0x25],
];

/// Classes for plates in a chart of operations.
pub(crate) const PLATE_COLOURS: u32 = 7;

fn mixed(share: f64) -> [u8; 3] {
    let place = if share.is_nan() {
        0.0
    } else {
        share.clamp(0.0, 1.0) * (VIRIDIS.len() - 1) as f64
    };
    let index = (place as usize).min(VIRIDIS.len() - 2);
    let part = place - index as f64;
    let (a, b) = (VIRIDIS[index], VIRIDIS[index + 1]);
    std::array::from_fn(|channel| {
        let (a, b) = (f64::from(a[channel]), f64::from(b[channel]));
        (a + (b - a) * part).round() as u8
    })
}

/// The colour of a share between 0 and 1.
pub(crate) fn viridis(share: f64) -> String {
    let [r, g, b] = mixed(share);
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// Black or white, whichever reads better on the colour of a share. Relative luminance as in
/// WCAG 2.1, without its gamma: near enough to choose between two.
pub(crate) fn ink(share: f64) -> &'static str {
    let [r, g, b] = mixed(share).map(f64::from);
    if 0.2126 * r + 0.7152 * g + 0.0722 * b > 120.0 {
        "#000"
    } else {
        "#fff"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_have_colours() {
        assert_eq!(viridis(0.0), "#440154");
        assert_eq!(viridis(1.0), "#fde725");
        assert_eq!(viridis(7.0), "#fde725");
        assert_eq!(viridis(f64::NAN), "#440154");
        assert_eq!((ink(0.0), ink(1.0)), ("#fff", "#000"));
        let light = |share: f64| mixed(share).map(f64::from).iter().sum::<f64>();
        assert!(
            (1..=20).all(|k| light(f64::from(k) / 20.0) > light(f64::from(k - 1) / 20.0) - 30.0)
        );
    }
}
