//! The table of shapes.

use std::collections::BTreeMap;

use serde::Deserialize;
use wa::stanza::NodeRef;

use super::{
    condition::Condition,
    difference::Difference,
    element::{Attr, Element, Parts, Source},
    value::Value,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// The explanation of the file, for people.
    #[serde(rename = "about")]
    _about: Vec<String>,
    parts: Parts,
    shapes: BTreeMap<String, ShapeSource>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ShapeSource {
    source: String,
    when: Vec<String>,
    stanza: Source,
    #[serde(default)]
    together: Vec<(String, String)>,
    #[serde(default)]
    differs: Vec<Difference>,
}

/// One kind of stanza.
struct Shape {
    name: String,
    when: Vec<Condition>,
    element: Element,
    /// Pairs of conditions of which both hold, or neither.
    together: Vec<((String, Condition), (String, Condition))>,
}

/// All kinds.
#[derive(Default)]
pub(super) struct Table {
    shapes: Vec<Shape>,
}

impl Table {
    /// Reads the file; the error says where it is wrong.
    pub(super) fn read(json: &str) -> Result<Self, String> {
        let file: File = serde_json::from_str(json).map_err(|error| error.to_string())?;
        let shape = |(name, source): (&String, &ShapeSource)| {
            Shape::read(name, source, &file.parts).map_err(|why| format!("{name}: {why}"))
        };
        Ok(Self { shapes: file.shapes.iter().map(shape).collect::<Result<_, _>>()? })
    }

    /// Checks a stanza. Returns the name of its shape, and what is wrong with it.
    pub(super) fn check(&self, stanza: NodeRef<'_>) -> (Option<&str>, Vec<String>) {
        let mut fitting = self.shapes.iter().filter(|shape| shape.fits(stanza));
        let Some(shape) = fitting.next() else {
            return (None, vec![format!("{}: there is no shape for such a stanza", stanza.tag())]);
        };
        if let Some(other) = fitting.next() {
            return (Some(&shape.name), vec![format!("it has the shape \"{}\", too", other.name)]);
        }
        let mut wrong = Vec::new();
        shape.element.check(stanza, stanza.tag(), &mut wrong);
        for ((one, first), (other, second)) in &shape.together {
            match (first.holds(stanza), second.holds(stanza)) {
                (true, false) => wrong.push(format!("{}: {one} without {other}", stanza.tag())),
                (false, true) => wrong.push(format!("{}: {other} without {one}", stanza.tag())),
                _ => {}
            }
        }
        (Some(&shape.name), wrong)
    }

    /// Returns the names of the shapes.
    #[cfg(test)]
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.shapes.iter().map(|shape| shape.name.as_str())
    }
}

impl Shape {
    fn read(name: &str, source: &ShapeSource, parts: &Parts) -> Result<Self, String> {
        if source.source.is_empty()
            || source.differs.iter().any(|one| one.why.is_empty() || one.official.is_empty())
        {
            return Err("a source or a reason is missing".to_owned());
        }
        let tag = name.split(' ').next().unwrap_or_default();
        let mut element = source.stanza.element(tag, parts)?;
        for difference in &source.differs {
            difference.apply(&mut element, parts)?;
        }
        let when = source.when.iter().map(|text| Condition::read(text)).collect::<Result<Vec<_>, _>>()?;
        for (attr, values) in when.iter().filter_map(Condition::demands) {
            let demanded = Attr { is_required: true, value: Value::OneOf(values.to_vec()) };
            element.attrs.entry(attr.to_owned()).or_insert(demanded);
        }
        let named = |text: &String| Ok::<_, String>((text.clone(), Condition::read(text)?));
        let together = source.together.iter();
        let together = together.map(|(one, other)| Ok::<_, String>((named(one)?, named(other)?)));
        Ok(Self { name: name.to_owned(), when, element, together: together.collect::<Result<_, _>>()? })
    }

    fn fits(&self, stanza: NodeRef<'_>) -> bool {
        stanza.tag() == self.element.tag && self.when.iter().all(|condition| condition.holds(stanza))
    }
}
