//! Indentation of JSON for people.

/// Indents JSON, also where its end is missing; returns any other text as it is.
pub fn indent_json(text: &str) -> String {
    if !text.starts_with(['{', '[']) {
        return text.to_owned();
    }
    let mut lines = String::with_capacity(text.len() * 2);
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    let mut characters = text.chars().peekable();
    let line = |lines: &mut String, depth: usize| {
        lines.push('\n');
        lines.extend(std::iter::repeat_n(' ', 2 * depth.min(40)));
    };
    while let Some(character) = characters.next() {
        match character {
            _ if in_string => {
                lines.push(character);
                in_string = escaped || character != '"';
                escaped = !escaped && character == '\\';
            }
            '"' => {
                in_string = true;
                lines.push(character);
            }
            '{' | '[' => {
                lines.push(character);
                while characters.next_if(|next| next.is_ascii_whitespace()).is_some() {}
                // Empty objects and lists stay on one line.
                if let Some(end) = characters.next_if(|next| matches!(next, '}' | ']')) {
                    lines.push(end);
                } else {
                    depth += 1;
                    line(&mut lines, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut lines, depth);
                lines.push(character);
            }
            ',' => {
                lines.push(character);
                line(&mut lines, depth);
            }
            ':' => lines.push_str(": "),
            space if space.is_ascii_whitespace() => {}
            other => lines.push(other),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_shown_line_by_line() {
        let shown = "{\n  \"a\": [\n    1,\n    \"x, \\\" {y}\"\n  ],\n  \"b\": {}\n}";
        assert_eq!(indent_json(r#"{"a" :[1, "x, \" {y}"],"b":{ }}"#), shown);
        assert_eq!(indent_json(r#"{"a":{"b":"cut o"#), "{\n  \"a\": {\n    \"b\": \"cut o");
        assert_eq!(indent_json("plain, text"), "plain, text");
    }
}
