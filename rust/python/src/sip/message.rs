//! Message, StreamFramer and the random names.
use offhook_sip::framer::StreamFramer;
use offhook_sip::message::Message;
use offhook_sip::token;
use pyo3::exceptions::PyAttributeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyList, PyString};

use super::address::PyNameAddr;
use super::error::{build_error, parse_error};

/// A Python object made from the message at the first asking.
type Cached<T> = PyOnceLock<Py<T>>;

/// One SIP request or response.
#[pyclass(name = "Message", module = "offhook._core", skip_from_py_object)]
pub(crate) struct PyMessage {
    inner: Message,
    method: Cached<PyString>,
    uri: Cached<PyString>,
    call_id: Cached<PyString>,
    from_tag: PyOnceLock<Option<Py<PyString>>>,
    to_tag: PyOnceLock<Option<Py<PyString>>>,
    from: Cached<PyNameAddr>,
    to: Cached<PyNameAddr>,
}

impl PyMessage {
    pub(crate) fn new(inner: Message) -> Self {
        PyMessage {
            inner,
            method: Cached::new(),
            uri: Cached::new(),
            call_id: Cached::new(),
            from_tag: PyOnceLock::new(),
            to_tag: PyOnceLock::new(),
            from: Cached::new(),
            to: Cached::new(),
        }
    }

    pub(crate) fn get_ref(&self) -> &Message {
        &self.inner
    }

    /// The message to change; what was cached of it is dropped.
    pub(crate) fn get_mut(&mut self) -> &mut Message {
        self.call_id.take();
        self.from_tag.take();
        self.to_tag.take();
        self.from.take();
        self.to.take();
        self.uri.take();
        self.method.take();
        &mut self.inner
    }

    fn named_tag(py: Python<'_>, tag: Option<&str>) -> Option<Py<PyString>> {
        tag.map(|tag| PyString::new(py, tag).unbind())
    }
}

fn name_addr(
    py: Python<'_>,
    address: Result<offhook_sip::NameAddr, offhook_sip::ParseError>,
) -> PyResult<Py<PyNameAddr>> {
    Py::new(py, PyNameAddr(address.map_err(|e| parse_error(py, &e))?))
}

#[pymethods]
#[allow(clippy::wrong_self_convention)] // `from_` is the header
impl PyMessage {
    #[staticmethod]
    fn parse(py: Python<'_>, data: &[u8]) -> PyResult<Self> {
        let message = Message::parse(data).and_then(|message| message.check().map(|()| message));
        message.map(PyMessage::new).map_err(|e| parse_error(py, &e))
    }

    #[staticmethod]
    fn request(method: &str, uri: &str) -> PyResult<Self> {
        Message::request(method, uri)
            .map(PyMessage::new)
            .map_err(build_error)
    }

    #[staticmethod]
    #[pyo3(signature = (request, status, reason=None, to_tag=None))]
    fn response(
        request: PyRef<'_, PyMessage>,
        status: u16,
        reason: Option<&str>,
        to_tag: Option<&str>,
    ) -> PyResult<Self> {
        Message::response(request.get_ref(), status, reason, to_tag)
            .map(PyMessage::new)
            .map_err(build_error)
    }

    #[getter]
    fn is_request(&self) -> bool {
        self.inner.is_request()
    }

    #[getter]
    fn method<'py>(&self, py: Python<'py>) -> &Bound<'py, PyString> {
        self.method
            .get_or_init(py, || PyString::intern(py, self.inner.method()).unbind())
            .bind(py)
    }

    #[getter]
    fn get_uri<'py>(&self, py: Python<'py>) -> &Bound<'py, PyString> {
        self.uri
            .get_or_init(py, || PyString::new(py, self.inner.uri()).unbind())
            .bind(py)
    }

    #[setter]
    fn set_uri(&mut self, uri: &str) -> PyResult<()> {
        if !self.inner.is_request() {
            return Err(PyAttributeError::new_err("a response has no Request-URI"));
        }
        self.get_mut().set_uri(uri).map_err(build_error)
    }

    #[getter]
    fn status(&self) -> u16 {
        self.inner.status()
    }

    #[getter]
    fn reason(&self) -> std::borrow::Cow<'_, str> {
        self.inner.reason()
    }

    #[getter]
    fn call_id<'py>(&self, py: Python<'py>) -> &Bound<'py, PyString> {
        self.call_id
            .get_or_init(py, || PyString::new(py, self.inner.call_id()).unbind())
            .bind(py)
    }

    #[getter]
    fn cseq(&self) -> u32 {
        self.inner.cseq().0
    }

    #[getter]
    fn from_<'py>(&self, py: Python<'py>) -> PyResult<&Bound<'py, PyNameAddr>> {
        Ok(self
            .from
            .get_or_try_init(py, || name_addr(py, self.inner.from()))?
            .bind(py))
    }

    #[getter]
    fn to<'py>(&self, py: Python<'py>) -> PyResult<&Bound<'py, PyNameAddr>> {
        Ok(self
            .to
            .get_or_try_init(py, || name_addr(py, self.inner.to()))?
            .bind(py))
    }

    #[getter]
    fn from_tag<'py>(&self, py: Python<'py>) -> Option<&Bound<'py, PyString>> {
        let tag = self
            .from_tag
            .get_or_init(py, || Self::named_tag(py, self.inner.from_tag()));
        tag.as_ref().map(|tag| tag.bind(py))
    }

    #[getter]
    fn to_tag<'py>(&self, py: Python<'py>) -> Option<&Bound<'py, PyString>> {
        let tag = self
            .to_tag
            .get_or_init(py, || Self::named_tag(py, self.inner.to_tag()));
        tag.as_ref().map(|tag| tag.bind(py))
    }

    #[getter]
    fn branch(&self) -> &str {
        self.inner.branch()
    }

    #[getter]
    fn body<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.inner.body())
    }

    #[getter]
    fn content_type(&self) -> Option<String> {
        self.inner.content_type()
    }

    fn get(&self, name: &str) -> Option<std::borrow::Cow<'_, str>> {
        self.inner.get(name)
    }

    fn get_all<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyList>> {
        PyList::new(py, self.inner.get_all(name))
    }

    fn values<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyList>> {
        PyList::new(py, self.inner.values(name))
    }

    fn addresses(&self, py: Python<'_>, name: &str) -> PyResult<Vec<PyNameAddr>> {
        let addresses = self
            .inner
            .addresses(name)
            .map_err(|e| parse_error(py, &e))?;
        Ok(addresses.into_iter().map(PyNameAddr).collect())
    }

    fn has_token(&self, name: &str, token: &str) -> bool {
        self.inner.has_token(name, token)
    }

    fn headers<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        PyList::new(py, self.inner.headers().collect::<Vec<_>>())
    }

    fn set(&mut self, name: &str, value: &str) -> PyResult<()> {
        self.get_mut().set(name, value).map_err(build_error)
    }

    fn add(&mut self, name: &str, value: &str) -> PyResult<()> {
        self.get_mut().add(name, value).map_err(build_error)
    }

    fn prepend(&mut self, name: &str, value: &str) -> PyResult<()> {
        self.get_mut().prepend(name, value).map_err(build_error)
    }

    fn remove(&mut self, name: &str) {
        self.get_mut().remove(name);
    }

    fn set_body(&mut self, content_type: &str, body: &[u8]) -> PyResult<()> {
        self.get_mut()
            .set_body(content_type, body)
            .map_err(build_error)
    }

    fn parts<'py>(&self, py: Python<'py>) -> PyResult<Vec<(String, Bound<'py, PyBytes>)>> {
        let parts = self.inner.parts().map_err(|e| parse_error(py, &e))?;
        Ok(parts
            .into_iter()
            .map(|part| (part.media_type(), PyBytes::new(py, part.body)))
            .collect())
    }

    fn copy(&self) -> Self {
        PyMessage::new(self.inner.clone())
    }

    #[pyo3(signature = (*, compact=false))]
    fn to_bytes<'py>(&self, py: Python<'py>, compact: bool) -> Bound<'py, PyBytes> {
        match self.inner.as_received() {
            Some(bytes) if !compact => PyBytes::new(py, bytes),
            _ if compact => PyBytes::new(py, &self.inner.to_compact_bytes()),
            _ => PyBytes::new(py, &self.inner.to_bytes()),
        }
    }

    fn __repr__(&self) -> String {
        let start = if self.inner.is_request() {
            format!("{} {}", self.inner.method(), self.inner.uri())
        } else {
            format!("{} {}", self.inner.status(), self.inner.reason())
        };
        format!("<Message {start}, Call-ID {}>", self.inner.call_id())
    }
}

/// Cuts a byte stream into messages.
#[pyclass(name = "StreamFramer", module = "offhook._core", skip_from_py_object)]
pub(crate) struct PyStreamFramer(StreamFramer);

#[pymethods]
impl PyStreamFramer {
    #[new]
    #[pyo3(signature = (*, max_message=65536))]
    fn new(max_message: usize) -> Self {
        PyStreamFramer(StreamFramer::new(max_message))
    }

    fn feed<'py>(&mut self, py: Python<'py>, data: &[u8]) -> PyResult<Vec<Bound<'py, PyBytes>>> {
        let frames = self.0.feed(data).map_err(|e| parse_error(py, &e))?;
        Ok(frames.iter().map(|frame| PyBytes::new(py, frame)).collect())
    }
}

#[pyfunction]
fn new_tag() -> String {
    token::new_tag()
}

#[pyfunction]
fn new_branch() -> String {
    token::new_branch()
}

#[pyfunction]
fn new_call_id(host: &str) -> String {
    token::new_call_id(host)
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyMessage>()?;
    module.add_class::<PyStreamFramer>()?;
    module.add_function(wrap_pyfunction!(new_tag, module)?)?;
    module.add_function(wrap_pyfunction!(new_branch, module)?)?;
    module.add_function(wrap_pyfunction!(new_call_id, module)?)
}
