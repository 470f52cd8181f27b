//! Sums of power-law terms.

/// One term: `exp(c) * prod_r x_r^(-e_r)` over the resources that it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// Indices of the resources with an exponent here; none for a floor.
    pub resources: Vec<usize>,
}

/// A law `y = sum of terms`. Its parameters are, term by term, the logarithm of the coefficient
/// and then an exponent for each resource of the term; all unbounded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// What it is called.
    pub name: &'static str,
    /// Its terms.
    pub terms: Vec<Term>,
}

impl Terms {
    /// `y = A x^-alpha`.
    #[must_use]
    pub fn power() -> Self {
        Self {
            name: "power law",
            terms: vec![Term { resources: vec![0] }],
        }
    }

    /// `y = E + A x^-alpha`.
    #[must_use]
    pub fn power_with_floor() -> Self {
        Self {
            name: "power law with floor",
            terms: vec![Term { resources: vec![] }, Term { resources: vec![0] }],
        }
    }

    /// `y = E + A x0^-alpha + B x1^-beta`: Hoffmann et al. 2022 (arXiv 2203.15556), approach 3.
    #[must_use]
    pub fn two_resources() -> Self {
        let terms = vec![
            Term { resources: vec![] },
            Term { resources: vec![0] },
            Term { resources: vec![1] },
        ];
        Self {
            name: "two resources with floor",
            terms,
        }
    }

    /// `y = A x0^-alpha + B x1^-beta`: no floor, what 'no ceiling' means.
    #[must_use]
    pub fn two_resources_without_floor() -> Self {
        let terms = vec![Term { resources: vec![0] }, Term { resources: vec![1] }];
        Self {
            name: "two resources without floor",
            terms,
        }
    }

    /// `y = E + A x0^-alpha + B x1^-beta + G x0^-gamma x1^-delta`.
    #[must_use]
    pub fn two_resources_interacting() -> Self {
        let mut law = Self::two_resources();
        law.name = "two resources with floor, interacting";
        law.terms.push(Term {
            resources: vec![0, 1],
        });
        law
    }

    /// The number of parameters.
    #[must_use]
    pub fn parameters(&self) -> usize {
        self.terms.iter().map(|term| 1 + term.resources.len()).sum()
    }

    /// Names of the parameters in order: `E`, `A`, `alpha`, ...; coefficients are given as
    /// logarithms in parameter vectors and as themselves in [`Terms::readable`].
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        for term in &self.terms {
            match term.resources[..] {
                [] => names.push("E".to_owned()),
                [0] => names.extend(["A", "alpha"].map(str::to_owned)),
                [1] => names.extend(["B", "beta"].map(str::to_owned)),
                _ => {
                    names.push("G".to_owned());
                    names.extend(term.resources.iter().map(|r| format!("gamma{r}")));
                }
            }
        }
        names
    }

    /// Parameters with coefficients taken out of the logarithm.
    #[must_use]
    pub fn readable(&self, parameters: &[f64]) -> Vec<f64> {
        let mut values = parameters.to_vec();
        let mut at = 0;
        for term in &self.terms {
            values[at] = values[at].exp();
            at += 1 + term.resources.len();
        }
        values
    }

    /// Natural logarithm of the law at `log_x` (natural logarithm of each resource).
    #[must_use]
    pub fn log_value(&self, parameters: &[f64], log_x: &[f64]) -> f64 {
        let mut exponents = [0.0; TERMS_MAX];
        let count = self.exponents(parameters, log_x, &mut exponents);
        log_sum_exp(&exponents[..count])
    }

    fn exponents(&self, parameters: &[f64], log_x: &[f64], out: &mut [f64; TERMS_MAX]) -> usize {
        let mut at = 0;
        for (k, term) in self.terms.iter().enumerate() {
            let mut z = parameters[at];
            for (i, &resource) in term.resources.iter().enumerate() {
                z -= parameters[at + 1 + i] * log_x[resource];
            }
            out[k] = z;
            at += 1 + term.resources.len();
        }
        self.terms.len()
    }

    /// The logarithm of the law with its gradient, and its Hessian added into `hessian` times
    /// `weight`. Each term's exponent is linear in the parameters, so with the softmax shares `p`
    /// the Hessian is `sum p_k d_k d_k' - g g'`.
    pub(crate) fn derivatives(
        &self,
        parameters: &[f64],
        log_x: &[f64],
        gradient: &mut [f64],
    ) -> (f64, [f64; TERMS_MAX]) {
        let mut z = [0.0; TERMS_MAX];
        let count = self.exponents(parameters, log_x, &mut z);
        let log = log_sum_exp(&z[..count]);
        let mut shares = [0.0; TERMS_MAX];
        let mut at = 0;
        for (k, term) in self.terms.iter().enumerate() {
            shares[k] = (z[k] - log).exp();
            gradient[at] = shares[k];
            for (i, &resource) in term.resources.iter().enumerate() {
                gradient[at + 1 + i] = -shares[k] * log_x[resource];
            }
            at += 1 + term.resources.len();
        }
        (log, shares)
    }

    pub(crate) fn add_hessian(
        &self,
        shares: &[f64],
        log_x: &[f64],
        gradient: &[f64],
        weight: f64,
        hessian: &mut [f64],
    ) {
        let n = gradient.len();
        let mut at = 0;
        for (k, term) in self.terms.iter().enumerate() {
            let size = 1 + term.resources.len();
            let slope = |i: usize| {
                if i == 0 {
                    1.0
                } else {
                    -log_x[term.resources[i - 1]]
                }
            };
            for i in 0..size {
                for j in 0..size {
                    hessian[(at + i) * n + at + j] += weight * shares[k] * slope(i) * slope(j);
                }
            }
            at += size;
        }
        for i in 0..n {
            for j in 0..n {
                hessian[i * n + j] -= weight * gradient[i] * gradient[j];
            }
        }
    }
}

/// The most terms of a law.
pub(crate) const TERMS_MAX: usize = 4;

fn log_sum_exp(z: &[f64]) -> f64 {
    let top = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    top + z.iter().map(|v| (v - top).exp()).sum::<f64>().ln()
}
