//! Elementary functions in forms that compilers vectorise.

/// Adding this puts the nearest whole number into the low bits of the mantissa.
const ROUND: f64 = 6_755_399_441_055_744.0;
/// The logarithm of two in two parts: products of the first with whole numbers below 2^11 are exact.
const LN2_HIGH: f64 = 6.931_471_803_691_238e-1;
const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;
/// Two over pi.
const TURNS: f64 = std::f64::consts::FRAC_2_PI;
/// Half of pi in three parts: the first two have 33 bits each, so that their products with whole numbers
/// below 2^20 are exact (Cody and Waite, Software Manual for the Elementary Functions (1980)).
const HALF_PI: [f64; 3] = [
    1.570_796_326_734_125_6,
    6.077_100_506_303_966e-11,
    2.022_266_248_795_950_6e-21,
];

/// `e^x` for `x` up to 709, to a few units in the last place; as at -708 below that. Reduction by powers of
/// two, then the Taylor polynomial of degree 13 on half an octave.
#[inline(always)]
pub(crate) fn exp(x: f64) -> f64 {
    let x = if x < -708.0 { -708.0 } else { x };
    let shifted = x.mul_add(std::f64::consts::LOG2_E, ROUND);
    let whole = shifted - ROUND;
    let r = whole.mul_add(-LN2_LOW, whole.mul_add(-LN2_HIGH, x));
    let mut p: f64 = 1.0 / 6_227_020_800.0;
    p = p.mul_add(r, 1.0 / 479_001_600.0);
    p = p.mul_add(r, 1.0 / 39_916_800.0);
    p = p.mul_add(r, 1.0 / 3_628_800.0);
    p = p.mul_add(r, 1.0 / 362_880.0);
    p = p.mul_add(r, 1.0 / 40_320.0);
    p = p.mul_add(r, 1.0 / 5_040.0);
    p = p.mul_add(r, 1.0 / 720.0);
    p = p.mul_add(r, 1.0 / 120.0);
    p = p.mul_add(r, 1.0 / 24.0);
    p = p.mul_add(r, 1.0 / 6.0);
    p = p.mul_add(r, 0.5);
    p = p.mul_add(r, 1.0);
    p = p.mul_add(r, 1.0);
    p * f64::from_bits(shifted.to_bits().wrapping_add(1023) << 52)
}

/// Natural logarithm of a positive normal number, to a few units in the last place: the power of two aside,
/// twice the inverse hyperbolic tangent of `(m - 1) / (m + 1)` by its series, for `m` within half an octave
/// of 1.
#[inline(always)]
pub(crate) fn ln(x: f64) -> f64 {
    // One over the root of two, by which the bits are shifted so that half an octave lies on either side.
    const LEAST: u64 = 0x3FE6_A09E_667F_3BCD;
    let bits = x.to_bits().wrapping_sub(LEAST);
    // The power of two, biased so that it can be read off the low bits of a mantissa.
    let power =
        f64::from_bits((((bits >> 52) + 2_048) & 0xFFF) | ROUND.to_bits()) - (ROUND + 2_048.0);
    let m = f64::from_bits((bits & 0x000F_FFFF_FFFF_FFFF).wrapping_add(LEAST));
    let s = (m - 1.0) / (m + 1.0);
    let z = s * s;
    let mut p: f64 = 1.0 / 21.0;
    p = p.mul_add(z, 1.0 / 19.0);
    p = p.mul_add(z, 1.0 / 17.0);
    p = p.mul_add(z, 1.0 / 15.0);
    p = p.mul_add(z, 1.0 / 13.0);
    p = p.mul_add(z, 1.0 / 11.0);
    p = p.mul_add(z, 1.0 / 9.0);
    p = p.mul_add(z, 1.0 / 7.0);
    p = p.mul_add(z, 1.0 / 5.0);
    p = p.mul_add(z, 1.0 / 3.0);
    let series = (2.0 * s * z).mul_add(p, 2.0 * s);
    power.mul_add(LN2_HIGH, power.mul_add(LN2_LOW, series))
}

/// Cosine and sine of an angle of at most a million, to a few units of 1e-16: reduction by quarter turns,
/// then Taylor polynomials on an eighth of a turn to both sides.
#[inline(always)]
pub(crate) fn cosine_and_sine(angle: f64) -> (f64, f64) {
    let shifted = angle.mul_add(TURNS, ROUND);
    let whole = shifted - ROUND;
    let quarter = shifted.to_bits();
    let r = ((angle - whole * HALF_PI[0]) - whole * HALF_PI[1]) - whole * HALF_PI[2];
    let z = r * r;
    let mut s: f64 = 1.0 / 355_687_428_096_000.0;
    s = s.mul_add(z, -1.0 / 1_307_674_368_000.0);
    s = s.mul_add(z, 1.0 / 6_227_020_800.0);
    s = s.mul_add(z, -1.0 / 39_916_800.0);
    s = s.mul_add(z, 1.0 / 362_880.0);
    s = s.mul_add(z, -1.0 / 5_040.0);
    s = s.mul_add(z, 1.0 / 120.0);
    s = s.mul_add(z, -1.0 / 6.0);
    let sine = r + r * z * s;
    let mut c: f64 = 1.0 / 20_922_789_888_000.0;
    c = c.mul_add(z, -1.0 / 87_178_291_200.0);
    c = c.mul_add(z, 1.0 / 479_001_600.0);
    c = c.mul_add(z, -1.0 / 3_628_800.0);
    c = c.mul_add(z, 1.0 / 40_320.0);
    c = c.mul_add(z, -1.0 / 720.0);
    c = c.mul_add(z, 1.0 / 24.0);
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
    fn exponential_is_exact_to_a_few_last_places() {
        let mut x: f64 = 700.0;
        while x > -700.0 {
            let (ours, theirs) = (exp(x), x.exp());
            assert!(
                (ours - theirs).abs() <= 4.0 * f64::EPSILON * theirs,
                "{x}: {ours} {theirs}"
            );
            x -= 0.037;
        }
        assert!(exp(-1e9) < 1e-300);
    }

    #[test]
    fn logarithm_is_exact_to_a_few_last_places() {
        for i in -1_000..1_000 {
            for share in [
                1.0,
                1.2,
                std::f64::consts::SQRT_2.next_down(),
                std::f64::consts::SQRT_2,
                1.9,
            ] {
                let x = share * 2_f64.powi(i);
                let (ours, theirs) = (ln(x), x.ln());
                let off = 4.0 * f64::EPSILON * theirs.abs();
                assert!((ours - theirs).abs() <= off, "{x}: {ours} {theirs}");
            }
        }
        assert!((ln(1.0 - 1e-9) - (1.0_f64 - 1e-9).ln()).abs() < 1e-24);
    }

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
