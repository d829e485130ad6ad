//! The JSON Schema of the manifest, made from the declarations that the reader itself goes by.
//!
//! Draft 7: the one that editors' YAML language server knows best.

use iamctl_policy::Grammar;
use serde_json::{Map, Value, json};

use crate::block::{Block, Key, Shape};
use crate::keys;

/// The JSON Schema of manifests. Included files are its definition `included`.
///
/// The manifest is the root itself, not a definition that the root refers to: an editor that is led to
/// `…#/definitions/included` holds a file against what else stands at the root, too.
#[must_use]
pub fn schema() -> Value {
    let mut definitions = Map::new();
    for block in keys::ALL.iter().filter(|block| block.name != keys::MANIFEST.name) {
        definitions.insert(block.name.to_owned(), block_schema(block));
    }
    definitions.insert("policy_document".to_owned(), document_schema(Grammar::Managed));
    definitions.insert("inline_policy_document".to_owned(), document_schema(Grammar::Inline));
    definitions.insert("trust_policy_document".to_owned(), document_schema(Grammar::Trust));
    definitions.insert("conditions".to_owned(), conditions_schema());
    let mut root = Map::new();
    root.insert("$schema".to_owned(), json!("http://json-schema.org/draft-07/schema#"));
    root.insert("title".to_owned(), json!("iamctl manifest"));
    if let Value::Object(manifest) = block_schema(&keys::MANIFEST) {
        root.extend(manifest);
    }
    root.insert("definitions".to_owned(), Value::Object(definitions));
    Value::Object(root)
}

fn block_schema(block: &Block) -> Value {
    let properties: Map<_, _> = block.keys.iter().map(|key| (key.name.to_owned(), key_schema(key))).collect();
    let required: Vec<_> = block.keys.iter().filter(|key| key.required).map(|key| key.name).collect();
    let mut schema = Map::new();
    schema.insert("description".to_owned(), json!(block.doc));
    schema.insert("type".to_owned(), json!("object"));
    schema.insert("properties".to_owned(), Value::Object(properties));
    if let Some(pattern) = block.extra {
        schema.insert(
            "patternProperties".to_owned(),
            json!({ pattern: shape_schema(&Shape::Either(&[Shape::OneOrMany(&Shape::Scalar), Shape::Null])) }),
        );
    }
    schema.insert("additionalProperties".to_owned(), json!(false));
    if !required.is_empty() {
        schema.insert("required".to_owned(), json!(required));
    }
    if !block.one_of.is_empty() {
        let one_of: Vec<_> = block.one_of.iter().map(|key| json!({"required": [key]})).collect();
        schema.insert("oneOf".to_owned(), json!(one_of));
    }
    Value::Object(schema)
}

fn key_schema(key: &Key) -> Value {
    let mut schema = Map::new();
    schema.insert("description".to_owned(), json!(key.doc));
    // Draft 7 looks at nothing that stands beside `$ref`.
    match shape_schema(&key.shape) {
        Value::Object(shape) if shape.contains_key("$ref") => {
            schema.insert("allOf".to_owned(), json!([shape]));
        }
        Value::Object(shape) => schema.extend(shape),
        _ => {}
    }
    Value::Object(schema)
}

fn shape_schema(shape: &Shape) -> Value {
    match shape {
        Shape::VersionOne => json!({"const": 1}),
        Shape::Text { pattern, max } => {
            let mut schema = Map::new();
            schema.insert("type".to_owned(), json!("string"));
            if let Some(pattern) = pattern {
                schema.insert("pattern".to_owned(), json!(pattern));
            }
            if *max < usize::MAX {
                schema.insert("maxLength".to_owned(), json!(max));
            }
            Value::Object(schema)
        }
        Shape::Digits(pattern) => json!({"type": ["string", "integer"], "pattern": pattern}),
        Shape::Number { least, most } => any_of(&[
            json!({"type": "integer", "minimum": least, "maximum": most}),
            json!({"type": "string", "pattern": r"^([0-9]+|\$\{.*\})$"}),
        ]),
        Shape::Bool => {
            any_of(&[json!({"type": "boolean"}), json!({"type": "string", "pattern": r"^\$\{.*\}$"})])
        }
        Shape::Duration => any_of(&[
            json!({"type": "integer", "minimum": 0}),
            json!({"type": "string", "pattern": r"^([0-9]+|(?=.)([0-9]+h)?([0-9]+m)?([0-9]+s)?|.*\$\{.*)$"}),
        ]),
        Shape::Word(words) => json!({"enum": words}),
        Shape::Block(block) => {
            let reference = json!({"$ref": format!("#/definitions/{}", block.name)});
            if block.may_be_empty { any_of(&[reference, json!({"type": "null"})]) } else { reference }
        }
        Shape::Map { keys, values } => json!({
            "type": "object",
            "propertyNames": {"pattern": keys},
            "additionalProperties": shape_schema(values),
        }),
        Shape::List(items) => json!({"type": "array", "items": shape_schema(items)}),
        Shape::OneOrMany(item) => {
            let item = shape_schema(item);
            any_of(&[item.clone(), json!({"type": "array", "items": item, "minItems": 1})])
        }
        Shape::Either(shapes) => any_of(&shapes.iter().map(shape_schema).collect::<Vec<_>>()),
        Shape::Document(grammar) => {
            let name = match grammar {
                Grammar::Managed => "policy_document",
                Grammar::Inline => "inline_policy_document",
                Grammar::Trust => "trust_policy_document",
                // These stand in files of their own only.
                Grammar::ServiceControl | Grammar::ResourceControl => "policy_document",
            };
            json!({"$ref": format!("#/definitions/{name}")})
        }
        Shape::Conditions => json!({"$ref": "#/definitions/conditions"}),
        Shape::Scalar => json!({"type": ["string", "number", "boolean"]}),
        Shape::Null => json!({"type": "null"}),
    }
}

fn any_of(shapes: &[Value]) -> Value {
    json!({ "anyOf": shapes })
}

fn conditions_schema() -> Value {
    json!({
        "description": "Conditions: operator, condition key, and the values of which one must match.",
        "type": "object",
        "additionalProperties": {
            "type": "object",
            "additionalProperties": shape_schema(&Shape::OneOrMany(&Shape::Scalar)),
        },
    })
}

/// AWS's grammar, as far as an editor needs it; the reader knows the rest.
fn document_schema(grammar: Grammar) -> Value {
    let texts = shape_schema(&Shape::OneOrMany(&Shape::Text { pattern: None, max: usize::MAX }));
    let described = |text: &str| {
        let mut schema = texts.as_object().cloned().unwrap_or_default();
        schema.insert("description".to_owned(), json!(text));
        Value::Object(schema)
    };
    let mut elements = Map::new();
    elements.insert(
        "Sid".into(),
        json!({"type": "string", "description": "A name for the statement, unique within the document."}),
    );
    elements.insert(
        "Effect".into(),
        json!({"enum": ["Allow", "Deny"], "description": "Whether the statement allows or denies."}),
    );
    elements.insert("Action".into(), described("What: `s3:GetObject`, `ec2:*`, `*`."));
    elements.insert("NotAction".into(), described("Everything but this."));
    if grammar == Grammar::Trust {
        let principal = any_of(&[
            json!({"const": "*"}),
            json!({"type": "object", "additionalProperties": shape_schema(&Shape::OneOrMany(&Shape::Scalar))}),
        ]);
        elements.insert("Principal".into(), principal.clone());
        elements.insert("NotPrincipal".into(), principal);
    } else {
        elements.insert("Resource".into(), described("On what: ARNs, with `*` and `?`, or `*`."));
        elements.insert("NotResource".into(), described("On everything but this."));
    }
    elements.insert("Condition".into(), json!({"$ref": "#/definitions/conditions"}));
    let statement = json!({
        "type": "object",
        "properties": elements,
        "additionalProperties": false,
        "required": ["Effect"],
    });
    let mut required = vec!["Statement"];
    if grammar == Grammar::Managed {
        required.insert(0, "Version");
    }
    json!({
        "description": format!("The document of {}, in AWS's own grammar.", grammar.describe()),
        "type": "object",
        "properties": {
            "Version": {"enum": ["2012-10-17", "2008-10-17"], "description": "The version of AWS's policy language: `2012-10-17`."},
            "Id": {"type": "string"},
            "Statement": any_of(&[statement.clone(), json!({"type": "array", "items": statement, "minItems": 1})]),
        },
        "additionalProperties": false,
        "required": required,
    })
}
