//! Python's `Codec`, `Media`, `Sdp`, `select_codecs`: session descriptions.
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use offhook_sip::sdp::{Codec, Media, NewMedia, Sdp, SdpError, select_codecs};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::error::parse_error;

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyCodec>()?;
    module.add_class::<PyMedia>()?;
    module.add_class::<PySdp>()?;
    module.add_function(wrap_pyfunction!(py_select_codecs, module)?)
}

/// A mistake of the caller.
pub(super) fn value_error(error: SdpError) -> PyErr {
    PyValueError::new_err(error.reason.into_owned())
}

pub(super) type Attribute = (String, Option<String>);

/// `Codec` of _core.pyi.
#[pyclass(
    name = "Codec",
    module = "offhook._core",
    frozen,
    eq,
    hash,
    skip_from_py_object
)]
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct PyCodec(pub Codec);

pub(super) fn to_python(codecs: &[Codec]) -> Vec<PyCodec> {
    codecs.iter().cloned().map(PyCodec).collect()
}

pub(super) fn from_python(codecs: Vec<PyRef<'_, PyCodec>>) -> Vec<Codec> {
    codecs.iter().map(|codec| codec.0.clone()).collect()
}

fn payload_type(number: u8) -> PyResult<u8> {
    if number < 128 {
        Ok(number)
    } else {
        Err(PyValueError::new_err("a payload type is 0 to 127"))
    }
}

#[pymethods]
impl PyCodec {
    #[new]
    #[pyo3(signature = (name, clock_rate=8000, *, payload_type=None, channels=1, fmtp=None))]
    fn new(
        name: &str,
        clock_rate: u32,
        payload_type: Option<u8>,
        channels: u8,
        fmtp: Option<&str>,
    ) -> PyResult<Self> {
        let mut codec = Codec::new(name, clock_rate, channels);
        if let Some(number) = payload_type {
            codec.payload_type = Some(self::payload_type(number)?);
        }
        codec.fmtp = fmtp.map(Arc::from);
        Ok(PyCodec(codec))
    }

    #[getter]
    fn payload_type(&self) -> i32 {
        self.0.payload_type.map_or(-1, i32::from)
    }

    #[getter]
    fn name(&self) -> &str {
        &self.0.name
    }

    #[getter]
    fn clock_rate(&self) -> u32 {
        self.0.clock_rate
    }

    #[getter]
    fn channels(&self) -> u8 {
        self.0.channels
    }

    #[getter]
    fn fmtp(&self) -> Option<&str> {
        self.0.fmtp.as_deref()
    }

    #[getter]
    fn is_telephone_event(&self) -> bool {
        self.0.is_telephone_event()
    }

    #[getter]
    fn is_comfort_noise(&self) -> bool {
        self.0.is_comfort_noise()
    }

    #[getter]
    fn is_auxiliary(&self) -> bool {
        self.0.is_auxiliary()
    }

    fn matches(&self, other: &PyCodec) -> bool {
        self.0.matches(&other.0)
    }

    fn fmtp_param(&self, name: &str) -> Option<&str> {
        self.0.fmtp_param(name)
    }

    fn with_payload_type(&self, payload_type: u8) -> PyResult<Self> {
        let number = self::payload_type(payload_type)?;
        Ok(PyCodec(self.0.clone().with_payload_type(number)))
    }

    #[pyo3(signature = (fmtp))]
    fn with_fmtp(&self, fmtp: Option<&str>) -> Self {
        PyCodec(Codec {
            fmtp: fmtp.map(Arc::from),
            ..self.0.clone()
        })
    }

    fn __repr__(&self) -> String {
        let Codec {
            name,
            clock_rate,
            channels,
            ..
        } = &self.0;
        let number = self.payload_type();
        let fmtp = self.0.fmtp.as_deref().unwrap_or("");
        format!("<Codec {number} {name}/{clock_rate}/{channels} {fmtp}>")
    }
}

#[pyfunction]
#[pyo3(name = "select_codecs", signature = (pending, configured, *, prefer="pending", operation="intersect", keep="all"))]
fn py_select_codecs(
    pending: Vec<PyRef<'_, PyCodec>>,
    configured: Vec<PyRef<'_, PyCodec>>,
    prefer: &str,
    operation: &str,
    keep: &str,
) -> PyResult<Vec<PyCodec>> {
    let first = match keep {
        "all" => false,
        "first" => true,
        _ => return Err(PyValueError::new_err("keep is neither all nor first")),
    };
    let chosen = select_codecs(
        &from_python(pending),
        &from_python(configured),
        prefer.parse().map_err(value_error)?,
        operation.parse().map_err(value_error)?,
        first,
    );
    Ok(to_python(&chosen))
}

/// `Media` of _core.pyi.
#[pyclass(
    name = "Media",
    module = "offhook._core",
    frozen,
    eq,
    skip_from_py_object
)]
#[derive(Clone, PartialEq)]
pub(super) struct PyMedia(pub Arc<Media>);

#[pymethods]
impl PyMedia {
    #[new]
    #[pyo3(signature = (kind, port, *, proto="RTP/AVP", codecs=Vec::new(), formats=Vec::new(),
        direction="sendrecv", address=None, ptime=None, attributes=Vec::new()))]
    #[expect(clippy::too_many_arguments, reason = "keyword arguments of Python")]
    fn new(
        kind: &str,
        port: u16,
        proto: &str,
        codecs: Vec<PyRef<'_, PyCodec>>,
        formats: Vec<String>,
        direction: &str,
        address: Option<&str>,
        ptime: Option<u16>,
        attributes: Vec<Attribute>,
    ) -> PyResult<Self> {
        let media = Media::new(NewMedia {
            kind,
            port,
            proto,
            codecs: from_python(codecs),
            formats: &formats.join(" "),
            direction: direction.parse().map_err(value_error)?,
            address: address.map(Arc::from),
            ptime,
            attributes: &attributes,
            ..NewMedia::default()
        });
        Ok(PyMedia(Arc::new(media.map_err(value_error)?)))
    }

    #[getter]
    fn kind(&self) -> &str {
        &self.0.kind
    }

    #[getter]
    fn port(&self) -> u16 {
        self.0.port
    }

    #[getter]
    fn proto(&self) -> &str {
        &self.0.proto
    }

    #[getter]
    fn formats(&self) -> Vec<&str> {
        self.0.formats.split_ascii_whitespace().collect()
    }

    #[getter]
    fn codecs(&self) -> Vec<PyCodec> {
        to_python(&self.0.codecs)
    }

    #[getter]
    fn direction(&self) -> &'static str {
        self.0.direction.as_str()
    }

    #[getter]
    fn address(&self) -> Option<&str> {
        self.0.address.as_deref()
    }

    #[getter]
    fn ptime(&self) -> Option<u16> {
        self.0.ptime
    }

    #[getter]
    fn maxptime(&self) -> Option<u16> {
        self.0.maxptime
    }

    #[getter]
    fn rtcp_mux(&self) -> bool {
        self.0.rtcp_mux
    }

    #[getter]
    fn rtcp(&self) -> Option<(&str, u16)> {
        self.0.rtcp()
    }

    #[getter]
    fn mid(&self) -> Option<&str> {
        self.0.mid()
    }

    #[getter]
    fn held(&self) -> bool {
        self.0.held()
    }

    #[getter]
    fn bandwidth(&self) -> Vec<(&str, u32)> {
        let lines = self.0.bandwidth.iter();
        lines.map(|(kind, value)| (&**kind, *value)).collect()
    }

    #[getter]
    fn attributes(&self) -> Vec<(&str, Option<&str>)> {
        self.0.attributes.iter().collect()
    }

    fn attribute(&self, name: &str) -> Option<&str> {
        self.0.attributes.get(name)
    }

    fn attribute_values(&self, name: &str) -> Vec<String> {
        let values = self.0.attributes.get_all(name);
        values.map(str::to_owned).collect()
    }

    fn __repr__(&self) -> String {
        let Media {
            kind,
            port,
            proto,
            formats,
            direction,
            ..
        } = &*self.0;
        format!(
            "<Media {kind} {port} {proto} {formats} {}>",
            direction.as_str()
        )
    }
}

/// `Sdp` of _core.pyi.
#[pyclass(
    name = "Sdp",
    module = "offhook._core",
    frozen,
    eq,
    skip_from_py_object
)]
#[derive(Clone, PartialEq)]
pub(super) struct PySdp(pub Arc<Sdp>);

#[pymethods]
impl PySdp {
    #[new]
    #[pyo3(signature = (address, media, *, session_id=0, session_version=0, username="-",
        session_name="-", attributes=Vec::new()))]
    fn new(
        address: &str,
        media: Vec<PyRef<'_, PyMedia>>,
        session_id: u64,
        session_version: u64,
        username: &str,
        session_name: &str,
        attributes: Vec<Attribute>,
    ) -> PyResult<Self> {
        let media = media.iter().map(|media| media.0.clone()).collect();
        let mut sdp =
            Sdp::new(address, media, username, session_name, &attributes).map_err(value_error)?;
        sdp.session_id = session_id;
        sdp.session_version = session_version;
        Ok(PySdp(Arc::new(sdp)))
    }

    #[staticmethod]
    fn parse(py: Python<'_>, data: &[u8]) -> PyResult<Self> {
        match Sdp::parse(data) {
            Ok(sdp) => Ok(PySdp(Arc::new(sdp))),
            Err(error) => Err(parse_error(py, &error.into())),
        }
    }

    #[getter]
    fn username(&self) -> &str {
        &self.0.username
    }

    #[getter]
    fn session_id(&self) -> u64 {
        self.0.session_id
    }

    #[getter]
    fn session_version(&self) -> u64 {
        self.0.session_version
    }

    #[getter]
    fn session_name(&self) -> &str {
        &self.0.session_name
    }

    #[getter]
    fn origin_address(&self) -> &str {
        &self.0.origin_address
    }

    #[getter]
    fn address(&self) -> Option<&str> {
        self.0.address.as_deref()
    }

    #[getter]
    fn direction(&self) -> &'static str {
        self.0.direction.as_str()
    }

    #[getter]
    fn media(&self) -> Vec<PyMedia> {
        self.0.media.iter().cloned().map(PyMedia).collect()
    }

    #[getter]
    fn attributes(&self) -> Vec<(&str, Option<&str>)> {
        self.0.attributes.iter().collect()
    }

    #[getter]
    fn accepted(&self) -> bool {
        self.0.accepted()
    }

    fn first(&self, kind: &str) -> Option<PyMedia> {
        self.0.first(kind).cloned().map(PyMedia)
    }

    fn attribute(&self, name: &str) -> Option<&str> {
        self.0.attributes.get(name)
    }

    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.to_text().as_bytes())
    }

    fn __repr__(&self) -> String {
        format!("<Sdp {:?}>", self.0.to_text())
    }

    /// Of what tells descriptions apart in practice; equal ones have the same.
    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.0.session_id.hash(&mut hasher);
        self.0.session_version.hash(&mut hasher);
        self.0.origin_address.hash(&mut hasher);
        hasher.finish()
    }
}
