//! Comma-separated text, as RFC 4180 describes it.

use super::NatureError;

/// Calls back for each record with its line (from one) and fields.
///
/// # Errors
/// A quote that is never closed, and whatever the callback says.
pub(crate) fn records(
    text: &str,
    mut each: impl FnMut(usize, &[&str]) -> Result<(), NatureError>,
) -> Result<(), NatureError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let quoted = text.contains('"');
    if !quoted {
        let mut fields: Vec<&str> = Vec::new();
        for (i, line) in text.lines().enumerate() {
            if line.is_empty() {
                continue;
            }
            fields.clear();
            fields.extend(line.split(','));
            each(i + 1, &fields)?;
        }
        return Ok(());
    }
    let mut line = 1;
    let mut rest = text;
    while !rest.is_empty() {
        let first = line;
        let mut fields: Vec<String> = Vec::new();
        loop {
            let (field, after) = field(rest, first)?;
            line += field.1;
            fields.push(field.0);
            rest = after;
            if let Some(next) = rest.strip_prefix(',') {
                rest = next;
                continue;
            }
            rest = rest
                .strip_prefix("\r\n")
                .or_else(|| rest.strip_prefix('\n'))
                .unwrap_or(rest);
            line += 1;
            break;
        }
        if fields.len() > 1 || !fields[0].is_empty() {
            let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
            each(first, &fields)?;
        }
    }
    Ok(())
}

/// One field, with the line breaks in it, and what follows it.
fn field(text: &str, line: usize) -> Result<((String, usize), &str), NatureError> {
    let Some(mut rest) = text.strip_prefix('"') else {
        let end = text.find([',', '\n']).unwrap_or(text.len());
        let value = text[..end].strip_suffix('\r').unwrap_or(&text[..end]);
        return Ok(((value.to_owned(), 0), &text[end..]));
    };
    let mut value = String::new();
    loop {
        let Some(end) = rest.find('"') else {
            return Err(NatureError::Table {
                line,
                problem: "a quote is opened here and never closed".to_owned(),
            });
        };
        value.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('"') {
            Some(more) => {
                value.push('"');
                rest = more;
            }
            None => {
                let breaks = value.matches('\n').count();
                // Anything up to the next comma or line break belongs to no one; keep it visible.
                let end = rest.find([',', '\n']).unwrap_or(rest.len());
                value.push_str(rest[..end].trim_end_matches('\r'));
                return Ok(((value, breaks), &rest[end..]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<(usize, Vec<String>)> {
        let mut out = Vec::new();
        records(text, |line, fields| {
            out.push((line, fields.iter().map(|f| (*f).to_owned()).collect()));
            Ok(())
        })
        .unwrap();
        out
    }

    #[test]
    fn plain_and_quoted_text_agree() {
        let plain = all("a,b\r\n1,2\n\n3,\n");
        assert_eq!(plain[1], (2, vec!["1".into(), "2".into()]));
        assert_eq!(plain[2], (4, vec!["3".into(), String::new()]));
        let quoted = all("a,\"b, \"\"c\"\"\"\r\n\"x\ny\",2\nz,3");
        assert_eq!(quoted[0].1, ["a", "b, \"c\""]);
        assert_eq!(quoted[1], (2, vec!["x\ny".into(), "2".into()]));
        assert_eq!(quoted[2], (4, vec!["z".into(), "3".into()]));
        assert!(records("a,\"b", |_, _| Ok(())).is_err());
    }
}
