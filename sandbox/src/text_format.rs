//! The requested format of an answer's text: words, an object, or a schema.

use serde_json::{Value, json};

use crate::{answer_text::AnswerText, error::SandboxError, schema};

#[derive(Debug, Default)]
pub(super) enum TextFormat {
    #[default]
    Words,
    /// Any JSON object.
    Object,
    Schema {
        schema: Value,
        /// The parameter that holds the schema.
        name: &'static str,
    },
}

impl TextFormat {
    /// Reads `response_format` of chat completions, `text.format` of responses, or `output_config.format` of
    /// messages; `name` is the parameter's name.
    pub(super) fn read(format: &Value, name: &'static str) -> Result<Self, SandboxError> {
        match format["type"].as_str() {
            Some("json_object") => Ok(Self::Object),
            Some("json_schema") => {
                // Chat completions nest it one level deeper.
                let schema = format["json_schema"].get("schema").or_else(|| format.get("schema"));
                let schema = schema.filter(|schema| schema.is_object());
                let schema =
                    schema.ok_or_else(|| SandboxError::invalid(name, format!("`{name}` must hold a schema.")))?;
                Ok(Self::Schema { schema: schema::with_described_keywords(schema), name })
            }
            _ => Ok(Self::Words),
        }
    }

    /// Generates a text in this format.
    pub(super) fn generate(&self, seed: u64, max_tokens: i64) -> Result<AnswerText, SandboxError> {
        let value = match self {
            Self::Words => return Ok(AnswerText::new(seed, max_tokens)),
            Self::Object => json!({"answer": AnswerText::new(seed, i64::MAX).text()}),
            Self::Schema { schema, name } => schema::fill(schema)
                .ok_or_else(|| SandboxError::invalid(name, "Nothing is found that fits the schema."))?,
        };
        Ok(AnswerText::text_in_pieces(&value.to_string(), max_tokens))
    }
}
