//! The a= lines of one level of a session description, kept as one text.
//!
//! Most attributes are never asked for; one allocation for all of them costs less, in time and in
//! the memory of a call, than a pair of strings for each.

/// Lines `name` or `name:value`, without the `a=`, separated by LF.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes(Box<str>);

impl Attributes {
    /// (name, value) in order; no value for a property attribute.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.0.lines().map(|line| match line.split_once(':') {
            Some((name, value)) => (name, Some(value)),
            None => (line, None),
        })
    }

    /// Value of the first line of this name, "" for one without value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value.unwrap_or(""))
    }

    /// Values of all lines of this name.
    pub fn get_all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.iter()
            .filter(move |(key, _)| *key == name)
            .map(|(_, value)| value.unwrap_or(""))
    }

    /// Append the lines as they stand in an SDP.
    pub(super) fn write(&self, out: &mut String) {
        for line in self.0.lines() {
            out.push_str("a=");
            out.push_str(line);
            out.push_str("\r\n");
        }
    }
}

/// Collects the lines of an [`Attributes`].
#[derive(Debug, Default)]
pub(super) struct AttributesBuilder(String);

impl AttributesBuilder {
    pub fn with_capacity(bytes: usize) -> Self {
        AttributesBuilder(String::with_capacity(bytes))
    }

    /// A whole line without `a=`; it holds no line break.
    pub fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    pub fn pair(&mut self, name: &str, value: Option<&str>) {
        self.0.push_str(name);
        if let Some(value) = value {
            self.0.push(':');
            self.0.push_str(value);
        }
        self.0.push('\n');
    }

    /// A line with formatted text.
    pub fn format(&mut self, line: std::fmt::Arguments<'_>) {
        use std::fmt::Write;
        // Writing to a String cannot fail.
        let _ = self.0.write_fmt(line);
        self.0.push('\n');
    }

    pub fn build(self) -> Attributes {
        Attributes(self.0.into_boxed_str())
    }
}
