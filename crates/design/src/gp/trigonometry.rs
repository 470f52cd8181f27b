//! Sine and cosine in a form that compilers vectorise.

/// Two over pi.
const TURNS: f64 = std::f64::consts::FRAC_2_PI;
/// Half of pi in three parts: the first two have 33 bits each, so that their products with whole numbers
/// below 2^20 are exact (Cody and Waite, Software Manual for the Elementary Functions (1980)).
const HALF_PI: [f64; 3] = [
    1.570_796_326_734_125_6,
    6.077_100_506_303_966e-11,
    2.022_266_248_795_950_6e-21,
];

/// Cosine and sine of an angle of at most a million, to a few units of 1e-16: reduction by quarter turns,
/// then Taylor polynomials on an eighth of a turn to both sides.
#[inline(always)]
pub(crate) fn cosine_and_sine(angle: f64) -> (f64, f64) {
    // Adding this puts the nearest whole number into the low bits of the mantissa.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    let shifted = angle * TURNS + ROUND;
    let whole = shifted - ROUND;
    let quarter = shifted.to_bits();
    let r = ((angle - whole * HALF_PI[0]) - whole * HALF_PI[1]) - whole * HALF_PI[2];
    let z = r * r;
    let mut s = 1.0 / 355_687_428_096_000.0;
    s = s * z - 1.0 / 1_307_674_368_000.0;
    s = s * z + 1.0 / 6_227_020_800.0;
    s = s * z - 1.0 / 39_916_800.0;
    s = s * z + 1.0 / 362_880.0;
    s = s * z - 1.0 / 5_040.0;
    s = s * z + 1.0 / 120.0;
    s = s * z - 1.0 / 6.0;
    let sine = r + r * z * s;
    let mut c = 1.0 / 20_922_789_888_000.0;
    c = c * z - 1.0 / 87_178_291_200.0;
    c = c * z + 1.0 / 479_001_600.0;
    c = c * z - 1.0 / 3_628_800.0;
    c = c * z + 1.0 / 40_320.0;
    c = c * z - 1.0 / 720.0;
    c = c * z + 1.0 / 24.0;
    let cosine = 1.0 - 0.5 * z + z * z * c;
    // Odd quarters swap the two; the sign of the cosine turns in the second and third, that of the sine in
    // the third and fourth.
    let swap = quarter & 1 == 1;
    let (a, b) = if swap { (sine, cosine) } else { (cosine, sine) };
    let turn_cosine = (quarter.wrapping_add(1) & 2) << 62;
    let turn_sine = (quarter & 2) << 62;
    (
        f64::from_bits(a.to_bits() ^ turn_cosine),
        f64::from_bits(b.to_bits() ^ turn_sine),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_standard_library() {
        let mut angle: f64 = -2_000.0;
        while angle < 2_000.0 {
            let (cosine, sine) = cosine_and_sine(angle);
            assert!((cosine - angle.cos()).abs() < 5e-16, "{angle}");
            assert!((sine - angle.sin()).abs() < 5e-16, "{angle}");
            angle += 0.017_3;
        }
        for angle in [1e5, -9.9e5, 123_456.789] {
            let (cosine, sine) = cosine_and_sine(angle);
            assert!((cosine - angle.cos()).abs() < 1e-14, "{angle}");
            assert!((sine - angle.sin()).abs() < 1e-14, "{angle}");
        }
    }
}
