//! Building HTML and SVG such that nothing of what is told can become markup.
//!
//! Tags and attribute names are literals of this crate; everything else passes through
//! [`Markup::text`] or an attribute and is escaped there.

use std::fmt::{self, Display, Write};

/// An attribute: its name, and a value that is escaped.
pub(crate) type Attribute<'a> = (&'static str, &'a dyn Display);

/// HTML as it is being written.
#[derive(Debug, Default)]
pub(crate) struct Markup {
    out: String,
}

impl Markup {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// A start tag.
    pub(crate) fn open(&mut self, tag: &'static str, attributes: &[Attribute<'_>]) {
        self.out.push('<');
        self.out.push_str(tag);
        for (name, value) in attributes {
            self.out.push(' ');
            self.out.push_str(name);
            self.out.push_str("=\"");
            self.text(value);
            self.out.push('"');
        }
        self.out.push('>');
    }

    /// An end tag.
    pub(crate) fn close(&mut self, tag: &'static str) {
        self.out.push_str("</");
        self.out.push_str(tag);
        self.out.push('>');
        if matches!(
            tag,
            "section" | "figure" | "table" | "tr" | "svg" | "p" | "div" | "details"
        ) {
            self.out.push('\n');
        }
    }

    /// An SVG element without content.
    pub(crate) fn shape(&mut self, tag: &'static str, attributes: &[Attribute<'_>]) {
        self.open(tag, attributes);
        self.out.pop();
        self.out.push_str("/>");
    }

    /// An element that holds a text.
    pub(crate) fn element(
        &mut self,
        tag: &'static str,
        attributes: &[Attribute<'_>],
        text: impl Display,
    ) {
        self.open(tag, attributes);
        self.text(&text);
        self.close(tag);
    }

    /// An element that holds what `fill` writes.
    pub(crate) fn within(
        &mut self,
        tag: &'static str,
        attributes: &[Attribute<'_>],
        fill: impl FnOnce(&mut Self),
    ) {
        self.open(tag, attributes);
        fill(self);
        self.close(tag);
    }

    /// A text, escaped.
    pub(crate) fn text(&mut self, text: &dyn Display) {
        // Writing to a string can't fail.
        let _ = write!(Escape(&mut self.out), "{text}");
    }

    /// Markup that is part of this program.
    pub(crate) fn literal(&mut self, markup: &'static str) {
        self.out.push_str(markup);
    }

    pub(crate) fn finish(self) -> String {
        self.out
    }
}

struct Escape<'a>(&'a mut String);

impl Write for Escape<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                // Neither HTML nor SVG has a way to write these; tabs and line breaks are fine.
                '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\x7f' => {
                    self.0.push('\u{fffd}');
                }
                // Marks that turn the direction of text could make it read as something else.
                '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => self.0.push('\u{fffd}'),
                other => self.0.push(other),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_told_becomes_markup() {
        let mut markup = Markup::new();
        let hostile = "\"><script>alert('1')</script>&amp;\0\u{202e}";
        markup.within("div", &[("title", &hostile)], |m| m.text(&hostile));
        let escaped =
            "&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;amp;\u{fffd}\u{fffd}";
        assert_eq!(
            markup.finish(),
            format!("<div title=\"{escaped}\">{escaped}</div>\n")
        );
    }

    #[test]
    fn shapes_close_themselves() {
        let mut markup = Markup::new();
        markup.shape("rect", &[("x", &1), ("y", &2.5)]);
        assert_eq!(markup.finish(), "<rect x=\"1\" y=\"2.5\"/>");
    }
}
