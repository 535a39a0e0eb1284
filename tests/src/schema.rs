//! A validator for the part of JSON Schema that the schemas in `docs/` use.

use serde_json::Value;

/// A schema, and the document that its references point into.
pub struct Schema {
    root: Value,
}

impl Schema {
    /// The schema in a file of `docs/`.
    ///
    /// # Panics
    /// If there is none, or it is no JSON.
    pub fn of_docs(name: &str) -> Self {
        let path = format!("{}/../docs/{name}", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
        let root = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{path}: {e}"));
        Self { root }
    }

    /// Checks a value.
    ///
    /// # Errors
    /// The first thing that is not as the schema says.
    ///
    /// # Panics
    /// If the schema uses a keyword that this validator does not know.
    pub fn check(&self, value: &Value) -> Result<(), String> {
        self.against(&self.root, value, "$")
    }

    fn against(&self, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
        let schema = schema.as_object().expect("a schema is an object");
        for (keyword, wanted) in schema {
            match keyword.as_str() {
                "$schema" | "$defs" | "title" | "description" | "required" => {}
                "$ref" => self.against(self.resolve(wanted), value, at)?,
                "oneOf" => self.one_of(wanted, value, at)?,
                "type" => is_of_type(wanted, value, at)?,
                "const" if wanted == value => {}
                "const" => return Err(format!("{at}: {value} is not {wanted}")),
                "enum" if list(wanted).contains(value) => {}
                "enum" => return Err(format!("{at}: {value} is none of {wanted}")),
                "minimum" if value.as_f64() >= wanted.as_f64() => {}
                "minimum" => return Err(format!("{at}: {value} is less than {wanted}")),
                "pattern" => fits(wanted.as_str().expect("a pattern"), value, at)?,
                "items" => {
                    for (n, item) in value.as_array().into_iter().flatten().enumerate() {
                        self.against(wanted, item, &format!("{at}[{n}]"))?;
                    }
                }
                "properties" | "additionalProperties" => {}
                other => panic!("the validator does not know {other}"),
            }
        }
        let Some(object) = value.as_object() else {
            return Ok(());
        };
        for name in schema.get("required").map(list).into_iter().flatten() {
            let name = name.as_str().expect("a name");
            if !object.contains_key(name) {
                return Err(format!("{at}: there is no {name}"));
            }
        }
        let properties = schema.get("properties").and_then(Value::as_object);
        for (name, value) in object {
            match properties.and_then(|known| known.get(name)) {
                Some(schema) => self.against(schema, value, &format!("{at}.{name}"))?,
                None if schema.get("additionalProperties") == Some(&Value::Bool(false)) => {
                    return Err(format!("{at}: {name} is not described"));
                }
                None => {}
            }
        }
        Ok(())
    }

    fn resolve(&self, reference: &Value) -> &Value {
        let text = reference.as_str().expect("a reference is a text");
        let pointer = text.strip_prefix('#').expect("a reference into the file");
        let found = self.root.pointer(pointer);
        found.unwrap_or_else(|| panic!("{text} is not in the schema"))
    }

    fn one_of(&self, schemas: &Value, value: &Value, at: &str) -> Result<(), String> {
        let tried = list(schemas)
            .iter()
            .map(|schema| self.against(schema, value, at));
        let (good, bad): (Vec<_>, Vec<_>) = tried.partition(Result::is_ok);
        match good.len() {
            1 => Ok(()),
            0 => {
                // The alternative that fails over something else than the name comes closest.
                let name = format!("{at}.event: ");
                let reasons: Vec<String> = bad.into_iter().filter_map(Result::err).collect();
                let near = reasons.iter().find(|reason| !reason.starts_with(&name));
                Err(near.or(reasons.first()).cloned().unwrap_or_default())
            }
            more => Err(format!("{at}: {more} alternatives fit")),
        }
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn is_of_type(wanted: &Value, value: &Value, at: &str) -> Result<(), String> {
    let is = |wanted: &str| match wanted {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        "null" => value.is_null(),
        other => panic!("the validator does not know the type {other}"),
    };
    let words = match wanted {
        Value::String(word) => vec![word.as_str()],
        words => list(words).iter().filter_map(Value::as_str).collect(),
    };
    match words.iter().any(|word| is(word)) {
        true => Ok(()),
        false => Err(format!("{at}: {value} is no {wanted}")),
    }
}

/// Patterns are made of `[…]` and single characters, each with an optional `{N}`.
fn fits(pattern: &str, value: &Value, at: &str) -> Result<(), String> {
    let text = value.as_str().unwrap_or_default();
    let mut rest = text.chars();
    let mut pattern = pattern.trim_start_matches('^').trim_end_matches('$');
    while let Some(first) = pattern.chars().next() {
        let set: Vec<char>;
        (set, pattern) = match pattern.strip_prefix('[').and_then(|p| p.split_once(']')) {
            Some((set, after)) if first == '[' => (expanded(set), after),
            _ => (vec![first], &pattern[first.len_utf8()..]),
        };
        let times = match pattern.strip_prefix('{').and_then(|p| p.split_once('}')) {
            Some((times, after)) => {
                pattern = after;
                times.parse().expect("a number of times")
            }
            None => 1,
        };
        for _ in 0..times {
            if !rest.next().is_some_and(|c| set.contains(&c)) {
                return Err(format!("{at}: {text:?} does not fit the pattern"));
            }
        }
    }
    match rest.next() {
        None => Ok(()),
        Some(_) => Err(format!("{at}: {text:?} goes on after the pattern")),
    }
}

fn expanded(set: &str) -> Vec<char> {
    match set.as_bytes() {
        [from, b'-', to] => (*from..=*to).map(char::from).collect(),
        _ => set.chars().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_described_is_refused() {
        let schema = Schema::of_docs("events.schema.json");
        let good = r#"{"time":"2026-11-29T03:00:27.123456+00:00","level":"info","program":"swatch-rs","pid":7,"event":"stopped","message":"x","status":0}"#;
        let check = |text: &str| schema.check(&serde_json::from_str(text).expect("JSON"));
        assert_eq!(check(good), Ok(()));
        for (from, to) in [
            ("\"stopped\"", "\"halted\""),
            ("\"status\":0", "\"status\":\"0\""),
            ("\"status\":0", "\"status\":0,\"more\":1"),
            (",\"status\":0", ""),
            ("\"info\"", "\"information\""),
            (".123456", ".123"),
            ("+00:00", "Z"),
        ] {
            let bad = good.replace(from, to);
            assert_ne!(bad, good);
            assert!(check(&bad).is_err(), "{bad}");
        }
    }
}
