//! The form that an answer is asked for in: words, an object, or what fits a schema.

use serde_json::{Value, json};

use super::{Wrong, answer_text::Told, schema};

#[derive(Debug, Default)]
pub(super) enum Form {
    #[default]
    Words,
    /// Some JSON object.
    Object,
    Schema {
        schema: Value,
        /// Where it was said.
        name: &'static str,
    },
}

impl Form {
    /// What `response_format` of chat completions says, `text.format` of responses, or `output_config.format` of messages.
    /// `name` is the one of these.
    pub(super) fn read(format: &Value, name: &'static str) -> Result<Self, Wrong> {
        match format["type"].as_str() {
            Some("json_object") => Ok(Self::Object),
            Some("json_schema") => {
                // Chat completions have it one level deeper.
                let schema = format["json_schema"].get("schema").or_else(|| format.get("schema"));
                let schema = schema.filter(|schema| schema.is_object());
                let schema = schema.ok_or_else(|| Wrong::about(name, format!("`{name}` must hold a schema.")))?;
                Ok(Self::Schema { schema: schema::spelled_out(schema), name })
            }
            _ => Ok(Self::Words),
        }
    }

    /// What is said in this form.
    pub(super) fn told(&self, seed: u64, most_tokens: i64) -> Result<Told, Wrong> {
        let value = match self {
            Self::Words => return Ok(Told::new(seed, most_tokens)),
            Self::Object => json!({"answer": Told::new(seed, i64::MAX).text()}),
            Self::Schema { schema, name } => {
                schema::fill(schema).ok_or_else(|| Wrong::about(name, "Nothing is found that fits the schema."))?
            }
        };
        Ok(Told::text_in_pieces(&value.to_string(), most_tokens))
    }
}
