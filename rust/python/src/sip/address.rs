//! Uri and NameAddr.
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use offhook_sip::{NameAddr, Uri};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::error::{build_error, parse_error};

/// `(name, value)` pairs as the crate takes them.
fn borrowed(params: &[(String, Option<String>)]) -> Vec<(&str, Option<&str>)> {
    params
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_deref()))
        .collect()
}

/// A SIP, SIPS or tel URI.
#[pyclass(frozen, name = "Uri", module = "offhook._core", skip_from_py_object)]
pub(crate) struct PyUri(pub(crate) Uri);

#[pymethods]
impl PyUri {
    #[new]
    #[pyo3(signature = (scheme, host, *, user=None, port=None, params=Vec::new()))]
    fn new(
        scheme: &str,
        host: &str,
        user: Option<&str>,
        port: Option<u16>,
        params: Vec<(String, Option<String>)>,
    ) -> PyResult<Self> {
        Uri::build(scheme, user, host, port, &borrowed(&params))
            .map(PyUri)
            .map_err(build_error)
    }

    #[staticmethod]
    fn parse(py: Python<'_>, text: &str) -> PyResult<Self> {
        Uri::parse(text).map(PyUri).map_err(|e| parse_error(py, &e))
    }

    #[getter]
    fn scheme(&self) -> &str {
        self.0.scheme()
    }

    #[getter]
    fn user(&self) -> Option<std::borrow::Cow<'_, str>> {
        self.0.user()
    }

    #[getter]
    fn password(&self) -> Option<std::borrow::Cow<'_, str>> {
        self.0.password()
    }

    #[getter]
    fn host(&self) -> &str {
        self.0.host()
    }

    #[getter]
    fn port(&self) -> Option<u16> {
        self.0.port()
    }

    fn param(&self, name: &str) -> Option<std::borrow::Cow<'_, str>> {
        self.0.param(name)
    }

    fn params(&self) -> Vec<(String, Option<String>)> {
        self.0
            .params()
            .map(|(n, v)| (n.into_owned(), v.map(|v| v.into_owned())))
            .collect()
    }

    fn headers(&self) -> Vec<(String, String)> {
        self.0
            .headers()
            .map(|(n, v)| (n.into_owned(), v.into_owned()))
            .collect()
    }

    #[pyo3(signature = (**changes))]
    fn replace(&self, changes: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let mut scheme: Option<String> = None;
        let mut user: Option<Option<String>> = None;
        let mut host: Option<String> = None;
        let mut port: Option<Option<u16>> = None;
        if let Some(changes) = changes {
            for (name, value) in changes.iter() {
                match name.extract::<String>()?.as_str() {
                    "scheme" => scheme = Some(value.extract()?),
                    "user" => user = Some(value.extract()?),
                    "host" => host = Some(value.extract()?),
                    "port" => port = Some(value.extract()?),
                    other => {
                        return Err(PyTypeError::new_err(format!(
                            "a URI has no part {other:?} to replace"
                        )));
                    }
                }
            }
        }
        let user = user.as_ref().map(|user| user.as_deref());
        self.0
            .replace(scheme.as_deref(), user, host.as_deref(), port)
            .map(PyUri)
            .map_err(build_error)
    }

    #[pyo3(signature = (name, value))]
    fn with_param(&self, name: &str, value: Option<&str>) -> PyResult<Self> {
        self.0
            .with_param(name, value)
            .map(PyUri)
            .map_err(build_error)
    }

    fn without_param(&self, name: &str) -> PyResult<Self> {
        self.0.without_param(name).map(PyUri).map_err(build_error)
    }

    fn without_headers(&self) -> Self {
        PyUri(self.0.without_headers())
    }

    fn __str__(&self) -> &str {
        self.0.as_str()
    }

    fn __repr__(&self) -> String {
        format!("Uri({:?})", self.0.as_str())
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other
            .cast::<PyUri>()
            .is_ok_and(|other| other.get().0 == self.0)
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.0.hash(&mut hasher);
        hasher.finish()
    }
}

/// `"Display" <uri>;params`.
#[pyclass(
    frozen,
    name = "NameAddr",
    module = "offhook._core",
    skip_from_py_object
)]
pub(crate) struct PyNameAddr(pub(crate) NameAddr);

#[pymethods]
impl PyNameAddr {
    #[new]
    #[pyo3(signature = (uri, *, display_name=None, params=Vec::new()))]
    fn new(
        uri: &Bound<'_, PyUri>,
        display_name: Option<&str>,
        params: Vec<(String, Option<String>)>,
    ) -> PyResult<Self> {
        let uri = uri.get().0.clone();
        NameAddr::build(uri, display_name, &borrowed(&params))
            .map(PyNameAddr)
            .map_err(build_error)
    }

    #[staticmethod]
    fn parse(py: Python<'_>, text: &str) -> PyResult<Self> {
        NameAddr::parse(text)
            .map(PyNameAddr)
            .map_err(|e| parse_error(py, &e))
    }

    #[getter]
    fn display_name(&self) -> Option<&str> {
        self.0.display_name()
    }

    #[getter]
    fn uri(&self) -> PyUri {
        PyUri(self.0.uri().clone())
    }

    #[getter]
    fn tag(&self) -> Option<std::borrow::Cow<'_, str>> {
        self.0.tag()
    }

    fn param(&self, name: &str) -> Option<std::borrow::Cow<'_, str>> {
        self.0.param(name)
    }

    fn params(&self) -> Vec<(String, Option<String>)> {
        self.0
            .params()
            .map(|(n, v)| (n.into_owned(), v.map(|v| v.into_owned())))
            .collect()
    }

    #[pyo3(signature = (name, value))]
    fn with_param(&self, name: &str, value: Option<&str>) -> PyResult<Self> {
        self.0
            .with_param(name, value)
            .map(PyNameAddr)
            .map_err(build_error)
    }

    fn __str__(&self) -> String {
        self.0.to_string()
    }

    fn __repr__(&self) -> String {
        format!("NameAddr({:?})", self.0.to_string())
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other
            .cast::<PyNameAddr>()
            .is_ok_and(|other| other.get().0 == self.0)
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.0.uri().hash(&mut hasher);
        hasher.finish()
    }
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyUri>()?;
    module.add_class::<PyNameAddr>()
}
