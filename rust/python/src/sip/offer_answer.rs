//! Python's `LocalMedia`, `AgreedMedia`, `OfferAnswer`: RFC 3264.
use std::borrow::Cow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use offhook_sip::sdp::{
    AgreedMedia, LocalMedia, NewLocalMedia, OfferAnswer, Order, Sdp, SdpError, State,
};
use pyo3::create_exception;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use super::sdp::{Attribute, PyCodec, PyMedia, PySdp, from_python, to_python, value_error};

create_exception!(
    offhook._core,
    NegotiationError,
    PyValueError,
    "Offer and answer do not fit together, or come at the wrong time."
);

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyLocalMedia>()?;
    module.add_class::<PyAgreedMedia>()?;
    module.add_class::<PyOfferAnswer>()?;
    module.add(
        "NegotiationError",
        module.py().get_type::<NegotiationError>(),
    )
}

fn negotiation_error(py: Python<'_>, error: SdpError) -> PyErr {
    let raised = NegotiationError::new_err(error.reason.into_owned());
    match raised.value(py).setattr("status", error.status) {
        Ok(()) => raised,
        Err(other) => other,
    }
}

/// `LocalMedia` of _core.pyi.
#[pyclass(
    name = "LocalMedia",
    module = "offhook._core",
    frozen,
    skip_from_py_object
)]
struct PyLocalMedia(LocalMedia);

#[pymethods]
impl PyLocalMedia {
    #[new]
    #[pyo3(signature = (kind, port, codecs=Vec::new(), *, formats=Vec::new(), protos=None, address=None,
        direction="sendrecv", ptime=None, maxptime=None, rtcp_mux=false, attributes=Vec::new(),
        order="remote", keep_first=false))]
    #[expect(clippy::too_many_arguments, reason = "keyword arguments of Python")]
    fn new(
        kind: String,
        port: u16,
        codecs: Vec<PyRef<'_, PyCodec>>,
        formats: Vec<String>,
        protos: Option<Vec<String>>,
        address: Option<&str>,
        direction: &str,
        ptime: Option<u16>,
        maxptime: Option<u16>,
        rtcp_mux: bool,
        attributes: Vec<Attribute>,
        order: &str,
        keep_first: bool,
    ) -> PyResult<Self> {
        let order = match order {
            "local" => Order::Local,
            "remote" => Order::Remote,
            _ => return Err(PyValueError::new_err("order is neither local nor remote")),
        };
        let local = LocalMedia::new(NewLocalMedia {
            kind,
            port,
            codecs: from_python(codecs),
            formats,
            protos: protos.unwrap_or_else(|| vec!["RTP/AVP".to_owned(), "RTP/AVPF".to_owned()]),
            address: address.map(Arc::from),
            direction: direction.parse().map_err(value_error)?,
            ptime,
            maxptime,
            rtcp_mux,
            attributes,
            order,
            keep_first,
        });
        local.map(PyLocalMedia).map_err(value_error)
    }

    #[getter]
    fn kind(&self) -> &str {
        self.0.kind()
    }

    #[getter]
    fn port(&self) -> u16 {
        self.0.port()
    }

    #[getter]
    fn codecs(&self) -> Vec<PyCodec> {
        self.0.codecs().cloned().map(PyCodec).collect()
    }
}

/// `AgreedMedia` of _core.pyi.
#[pyclass(
    name = "AgreedMedia",
    module = "offhook._core",
    frozen,
    skip_from_py_object
)]
struct PyAgreedMedia(Arc<AgreedMedia>);

#[pymethods]
impl PyAgreedMedia {
    #[getter]
    fn kind(&self) -> &str {
        &self.0.kind
    }

    #[getter]
    fn proto(&self) -> &str {
        &self.0.proto
    }

    #[getter]
    fn rejected(&self) -> bool {
        self.0.rejected
    }

    #[getter]
    fn direction(&self) -> &'static str {
        self.0.direction.as_str()
    }

    #[getter]
    fn local_port(&self) -> u16 {
        self.0.local_port
    }

    #[getter]
    fn remote_address(&self) -> Option<&str> {
        self.0.remote_address()
    }

    #[getter]
    fn remote_port(&self) -> u16 {
        self.0.remote_port()
    }

    #[getter]
    fn remote_rtcp(&self) -> Option<(Cow<'_, str>, u16)> {
        self.0.remote_rtcp()
    }

    #[getter]
    fn rtcp_mux(&self) -> bool {
        self.0.rtcp_mux
    }

    #[getter]
    fn send(&self) -> Vec<PyCodec> {
        to_python(&self.0.send)
    }

    #[getter]
    fn receive(&self) -> Vec<PyCodec> {
        to_python(&self.0.receive)
    }

    #[getter]
    fn send_event(&self) -> Option<PyCodec> {
        self.0.send_event.clone().map(PyCodec)
    }

    #[getter]
    fn receive_events(&self) -> Vec<PyCodec> {
        to_python(&self.0.receive_events)
    }

    #[getter]
    fn ptime(&self) -> Option<u16> {
        self.0.ptime
    }

    #[getter]
    fn remote_held(&self) -> bool {
        self.0.remote_held
    }

    #[getter]
    fn remote(&self) -> PyMedia {
        PyMedia(self.0.remote.clone())
    }
}

/// `OfferAnswer` of _core.pyi.  The lock is never contended: Python calls from one thread.
#[pyclass(name = "OfferAnswer", module = "offhook._core", frozen)]
struct PyOfferAnswer(Mutex<OfferAnswer>);

impl PyOfferAnswer {
    fn get(&self) -> MutexGuard<'_, OfferAnswer> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn sdp(sdp: Option<&Arc<Sdp>>) -> Option<PySdp> {
    sdp.cloned().map(PySdp)
}

/// One for each m-line.
fn lines<'a>(media: &'a [Option<PyRef<'_, PyLocalMedia>>]) -> Vec<Option<&'a LocalMedia>> {
    media
        .iter()
        .map(|media| media.as_ref().map(|media| &media.0))
        .collect()
}

#[pymethods]
impl PyOfferAnswer {
    #[new]
    #[pyo3(signature = (*, session_id=None, username="-", session_name="-", bundle=false))]
    fn new(
        session_id: Option<u64>,
        username: &str,
        session_name: &str,
        bundle: bool,
    ) -> PyResult<Self> {
        let state =
            OfferAnswer::new(session_id, username, session_name, bundle).map_err(value_error)?;
        Ok(PyOfferAnswer(Mutex::new(state)))
    }

    #[getter]
    fn local(&self) -> Option<PySdp> {
        sdp(self.get().local())
    }

    #[getter]
    fn remote(&self) -> Option<PySdp> {
        sdp(self.get().remote())
    }

    #[getter]
    fn pending(&self) -> Option<PySdp> {
        sdp(self.get().pending())
    }

    #[getter]
    fn state(&self) -> &'static str {
        match self.get().state() {
            State::Stable => "stable",
            State::LocalOffer => "local-offer",
            State::RemoteOffer => "remote-offer",
        }
    }

    #[getter]
    fn agreed(&self) -> Vec<PyAgreedMedia> {
        let state = self.get();
        state.agreed().iter().cloned().map(PyAgreedMedia).collect()
    }

    fn offer(
        &self,
        py: Python<'_>,
        media: Vec<Option<PyRef<'_, PyLocalMedia>>>,
        address: &str,
    ) -> PyResult<PySdp> {
        let media = lines(&media);
        let made = self.get().offer(&media, address);
        made.map(PySdp)
            .map_err(|error| negotiation_error(py, error))
    }

    fn remote_offer(&self, py: Python<'_>, sdp: &PySdp) -> PyResult<()> {
        let taken = self.get().remote_offer(sdp.0.clone());
        taken.map_err(|error| negotiation_error(py, error))
    }

    fn answer(
        &self,
        py: Python<'_>,
        media: Vec<PyRef<'_, PyLocalMedia>>,
        address: &str,
    ) -> PyResult<PySdp> {
        let media: Vec<&LocalMedia> = media.iter().map(|media| &media.0).collect();
        let made = self.get().answer(&media, address);
        made.map(PySdp)
            .map_err(|error| negotiation_error(py, error))
    }

    fn answer_lines(
        &self,
        py: Python<'_>,
        media: Vec<Option<PyRef<'_, PyLocalMedia>>>,
        address: &str,
    ) -> PyResult<PySdp> {
        let media = lines(&media);
        let made = self.get().answer_lines(&media, address);
        made.map(PySdp)
            .map_err(|error| negotiation_error(py, error))
    }

    fn remote_answer(&self, py: Python<'_>, sdp: &PySdp) -> PyResult<()> {
        let taken = self.get().remote_answer(sdp.0.clone());
        taken.map_err(|error| negotiation_error(py, error))
    }

    fn rollback(&self) {
        self.get().rollback();
    }

    fn fork(&self) -> Self {
        PyOfferAnswer(Mutex::new(self.get().clone()))
    }
}
