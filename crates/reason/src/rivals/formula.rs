//! Formulas that people write: `vmax * s / (km + s)`.
//!
//! A formula is arithmetic and a few functions over named numbers, and nothing else: it can't loop, call or reach
//! anything, so one that a language model wrote is as harmless as one of a person.

use std::fmt;
use thiserror::Error;

/// Longest formula, in bytes, and deepest nesting.
const LENGTH_MAX: usize = 4000;
const DEPTH_MAX: usize = 64;

/// Why a text is no formula.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{what}, at character {}", .at + 1)]
pub struct FormulaError {
    /// What is wrong, and what was expected.
    pub what: String,
    /// Where, counted in bytes from zero.
    pub at: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Op {
    Number(f64),
    Name(usize),
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
    Negate,
    Call(Function),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Function {
    Exp,
    Ln,
    Log10,
    Sqrt,
    Abs,
    Tanh,
    Min,
    Max,
}

const FUNCTIONS: [(&str, Function, usize); 8] = [
    ("exp", Function::Exp, 1),
    ("ln", Function::Ln, 1),
    ("log10", Function::Log10, 1),
    ("sqrt", Function::Sqrt, 1),
    ("abs", Function::Abs, 1),
    ("tanh", Function::Tanh, 1),
    ("min", Function::Min, 2),
    ("max", Function::Max, 2),
];

/// A formula, ready to be computed: operations in the order in which a stack takes them.
#[derive(Clone, PartialEq)]
pub struct Formula {
    text: String,
    names: Vec<String>,
    program: Vec<Op>,
}

impl fmt::Debug for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Formula({})", self.text)
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    names: Vec<String>,
    program: Vec<Op>,
    depth: usize,
}

impl Formula {
    /// Reads a formula.
    ///
    /// # Errors
    /// Says what is wrong, and where.
    pub fn parse(text: &str) -> Result<Self, FormulaError> {
        if text.len() > LENGTH_MAX {
            let what = format!(
                "the formula has {} bytes, and {LENGTH_MAX} are the most",
                text.len()
            );
            return Err(FormulaError { what, at: 0 });
        }
        let mut parser = Parser {
            text,
            at: 0,
            names: Vec::new(),
            program: Vec::new(),
            depth: 0,
        };
        parser.sum()?;
        parser.space();
        if parser.at < text.len() {
            return Err(parser.error("expected an operator or the end"));
        }
        Ok(Self {
            text: text.to_owned(),
            names: parser.names,
            program: parser.program,
        })
    }

    /// The names that it takes, in order of first use.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// As it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its value at numbers for its [names](Formula::names); not a number where it has none.
    #[must_use]
    pub fn value(&self, numbers: &[f64]) -> f64 {
        let mut out = [f64::NAN];
        self.values(
            |at| Input::Same(numbers[at]),
            &mut out,
            &mut Scratch::default(),
        );
        out[0]
    }

    /// Its value at every row of a table at once: what each of its names is, by place, and where the values go.
    /// Parts that are the same for all rows are computed once.
    pub fn values<'a>(
        &self,
        input: impl Fn(usize) -> Input<'a>,
        out: &mut [f64],
        scratch: &mut Scratch,
    ) {
        let rows = out.len();
        let stack = &mut scratch.stack;
        stack.clear();
        for op in &self.program {
            match *op {
                Op::Number(value) => stack.push(Entry::Same(value)),
                Op::Name(at) => {
                    let entry = match input(at) {
                        Input::Same(value) => Entry::Same(value),
                        Input::Rows(values) => {
                            let mut own = scratch.spare.pop().unwrap_or_default();
                            own.clear();
                            own.extend_from_slice(&values[..rows]);
                            Entry::Rows(own)
                        }
                    };
                    stack.push(entry);
                }
                Op::Add => two(stack, &mut scratch.spare, |a, b| a + b),
                Op::Subtract => two(stack, &mut scratch.spare, |a, b| a - b),
                Op::Multiply => two(stack, &mut scratch.spare, |a, b| a * b),
                Op::Divide => two(stack, &mut scratch.spare, |a, b| a / b),
                Op::Power => two(stack, &mut scratch.spare, f64::powf),
                Op::Call(Function::Min) => two(stack, &mut scratch.spare, f64::min),
                Op::Call(Function::Max) => two(stack, &mut scratch.spare, f64::max),
                Op::Negate => one(stack, |a| -a),
                Op::Call(Function::Exp) => one(stack, f64::exp),
                Op::Call(Function::Ln) => one(stack, f64::ln),
                Op::Call(Function::Log10) => one(stack, f64::log10),
                Op::Call(Function::Sqrt) => one(stack, f64::sqrt),
                Op::Call(Function::Abs) => one(stack, f64::abs),
                Op::Call(Function::Tanh) => one(stack, f64::tanh),
            }
        }
        match stack.pop() {
            Some(Entry::Same(value)) => out.fill(value),
            Some(Entry::Rows(values)) => {
                out.copy_from_slice(&values);
                scratch.spare.push(values);
            }
            None => out.fill(f64::NAN),
        }
    }
}

/// What stands for a name of a formula.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// The same number in every row.
    Same(f64),
    /// A number for each row.
    Rows(&'a [f64]),
}

#[derive(Debug)]
enum Entry {
    Same(f64),
    Rows(Vec<f64>),
}

/// Room to compute formulas in, to be used again.
#[derive(Debug, Default)]
pub struct Scratch {
    stack: Vec<Entry>,
    spare: Vec<Vec<f64>>,
}

fn one(stack: &mut [Entry], f: impl Fn(f64) -> f64) {
    match stack.last_mut() {
        Some(Entry::Same(value)) => *value = f(*value),
        Some(Entry::Rows(values)) => values.iter_mut().for_each(|value| *value = f(*value)),
        None => {}
    }
}

fn two(stack: &mut Vec<Entry>, spare: &mut Vec<Vec<f64>>, f: impl Fn(f64, f64) -> f64) {
    let (Some(second), Some(first)) = (stack.pop(), stack.pop()) else {
        return;
    };
    stack.push(match (first, second) {
        (Entry::Same(a), Entry::Same(b)) => Entry::Same(f(a, b)),
        (Entry::Rows(mut a), Entry::Same(b)) => {
            a.iter_mut().for_each(|a| *a = f(*a, b));
            Entry::Rows(a)
        }
        (Entry::Same(a), Entry::Rows(mut b)) => {
            b.iter_mut().for_each(|b| *b = f(a, *b));
            Entry::Rows(b)
        }
        (Entry::Rows(mut a), Entry::Rows(b)) => {
            a.iter_mut().zip(&b).for_each(|(a, b)| *a = f(*a, *b));
            spare.push(b);
            Entry::Rows(a)
        }
    });
}

impl Parser<'_> {
    fn error(&self, what: &str) -> FormulaError {
        FormulaError {
            what: what.to_owned(),
            at: self.at,
        }
    }

    fn space(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
    }

    fn take(&mut self, symbol: char) -> bool {
        self.space();
        let found = self.text[self.at..].starts_with(symbol);
        if found {
            self.at += symbol.len_utf8();
        }
        found
    }

    fn deeper(&mut self) -> Result<(), FormulaError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.error("the formula is nested too deeply"));
        }
        Ok(())
    }

    fn sum(&mut self) -> Result<(), FormulaError> {
        self.deeper()?;
        self.product()?;
        loop {
            let op = if self.take('+') {
                Op::Add
            } else if self.take('-') {
                Op::Subtract
            } else {
                self.depth -= 1;
                return Ok(());
            };
            self.product()?;
            self.program.push(op);
        }
    }

    fn product(&mut self) -> Result<(), FormulaError> {
        self.signed()?;
        loop {
            let op = if self.take('*') {
                Op::Multiply
            } else if self.take('/') {
                Op::Divide
            } else {
                return Ok(());
            };
            self.signed()?;
            self.program.push(op);
        }
    }

    /// A sign binds less than a power: `-x^2` is `-(x^2)`.
    fn signed(&mut self) -> Result<(), FormulaError> {
        if self.take('-') {
            self.deeper()?;
            self.signed()?;
            self.depth -= 1;
            self.program.push(Op::Negate);
            return Ok(());
        }
        self.atom()?;
        if self.take('^') {
            self.deeper()?;
            self.signed()?;
            self.depth -= 1;
            self.program.push(Op::Power);
        }
        Ok(())
    }

    fn atom(&mut self) -> Result<(), FormulaError> {
        if self.take('(') {
            self.sum()?;
            return if self.take(')') {
                Ok(())
            } else {
                Err(self.error("expected ')'"))
            };
        }
        let rest = &self.text[self.at..];
        match rest.chars().next() {
            Some(c) if c.is_ascii_digit() || c == '.' => self.number(rest),
            Some(c) if c.is_alphabetic() || c == '_' => {
                let end = rest
                    .find(|c: char| !(c.is_alphanumeric() || c == '_'))
                    .unwrap_or(rest.len());
                let name = &rest[..end];
                let begin = self.at;
                self.at += end;
                if self.take('(') {
                    self.call(name, begin)
                } else {
                    let place = self
                        .names
                        .iter()
                        .position(|own| own == name)
                        .unwrap_or_else(|| {
                            self.names.push(name.to_owned());
                            self.names.len() - 1
                        });
                    self.program.push(Op::Name(place));
                    Ok(())
                }
            }
            _ => Err(self.error("expected a number, a name or '('")),
        }
    }

    fn number(&mut self, rest: &str) -> Result<(), FormulaError> {
        let bytes = rest.as_bytes();
        let mut end = 0;
        while end < bytes.len() {
            let exponent = matches!(bytes[end], b'e' | b'E')
                && bytes.get(end + 1).is_some_and(|b| {
                    b.is_ascii_digit()
                        || (matches!(b, b'+' | b'-')
                            && bytes.get(end + 2).is_some_and(u8::is_ascii_digit))
                });
            if bytes[end].is_ascii_digit() || bytes[end] == b'.' {
                end += 1;
            } else if exponent {
                end += 2;
            } else {
                break;
            }
        }
        let value: f64 = rest[..end]
            .parse()
            .map_err(|_| self.error(&format!("'{}' is no number", &rest[..end])))?;
        self.at += end;
        self.program.push(Op::Number(value));
        Ok(())
    }

    fn call(&mut self, name: &str, begin: usize) -> Result<(), FormulaError> {
        let Some((_, function, takes)) = FUNCTIONS.iter().find(|(own, ..)| *own == name) else {
            let known = FUNCTIONS.map(|(own, ..)| own).join(", ");
            let what = format!("there is no function '{name}'; expected one of {known}");
            return Err(FormulaError { what, at: begin });
        };
        for argument in 0..*takes {
            if argument > 0 && !self.take(',') {
                return Err(self.error(&format!("expected ',': {name} takes {takes} numbers")));
            }
            self.sum()?;
        }
        if !self.take(')') {
            return Err(self.error("expected ')'"));
        }
        self.program.push(Op::Call(*function));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str, numbers: &[f64]) -> f64 {
        Formula::parse(text).unwrap().value(numbers)
    }

    #[test]
    fn arithmetic_is_as_at_school() {
        assert_eq!(value("1 + 2 * 3 - 4 / 2", &[]), 5.0);
        assert_eq!(value("-2^2", &[]), -4.0);
        assert_eq!(value("2^3^2", &[]), 512.0);
        assert_eq!(value("2^-1", &[]), 0.5);
        assert_eq!(value("(1 + 2) * -3", &[]), -9.0);
        assert_eq!(value("1.5e2 + 2E-1 + .5", &[]), 150.7);
        assert_eq!(value("max(1, min(2, 3)) + abs(-1) + exp(0)", &[]), 4.0);
        let michaelis = Formula::parse("vmax * s / (km + s)").unwrap();
        assert_eq!(michaelis.names(), ["vmax", "s", "km"]);
        assert_eq!(michaelis.value(&[10.0, 2.0, 3.0]), 4.0);
        assert!(value("ln(0 - 1)", &[]).is_nan());
    }

    #[test]
    fn rows_are_computed_as_one_by_one() {
        let text = "a * s / (k + s + s^2 / 3) - max(k - s, exp(-a)) + tanh(s) * -ln(k)";
        let formula = Formula::parse(text).unwrap();
        let rows = [0.5, 1.0, 2.5, 7.0];
        let mut out = [0.0; 4];
        let mut scratch = Scratch::default();
        for _ in 0..2 {
            let input = |at: usize| match formula.names()[at].as_str() {
                "a" => Input::Same(2.0),
                "k" => Input::Same(1.5),
                _ => Input::Rows(&rows),
            };
            formula.values(input, &mut out, &mut scratch);
        }
        for (row, found) in rows.iter().zip(out) {
            let numbers = |name: &String| match name.as_str() {
                "a" => 2.0,
                "k" => 1.5,
                _ => *row,
            };
            let numbers: Vec<f64> = formula.names().iter().map(numbers).collect();
            assert_eq!(found, formula.value(&numbers));
        }
    }

    #[test]
    fn what_is_no_formula_is_named_with_its_place() {
        let said = |text: &str| Formula::parse(text).unwrap_err().to_string();
        assert_eq!(
            said("1 +"),
            "expected a number, a name or '(', at character 4"
        );
        assert_eq!(said("(1"), "expected ')', at character 3");
        assert_eq!(
            said("1 2"),
            "expected an operator or the end, at character 3"
        );
        assert!(
            said("system(1)").starts_with("there is no function 'system'; expected one of exp")
        );
        assert!(said("min(1)").contains("takes 2 numbers"));
        assert!(said(&"(".repeat(100_000)).contains("the most"));
        assert!(said(&"(".repeat(1000)).contains("nested too deeply"));
        assert!(said(&"-".repeat(1000)).contains("nested too deeply"));
        assert!(said("1.2.3").contains("is no number"));
        assert!(Formula::parse("ünï * 2").is_ok());
    }
}
