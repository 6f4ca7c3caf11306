//! Python's `SipStack` and its events: the transaction layer.
use std::collections::HashMap;

use offhook_sip::stack::{Config, Event, Failure, Host, Respond, Stack, StackError};
use offhook_sip::token::Tokens;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString};

use super::message::PyMessage;

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<RequestReceived>()?;
    module.add_class::<AckReceived>()?;
    module.add_class::<CancelReceived>()?;
    module.add_class::<ResponseReceived>()?;
    module.add_class::<TransactionFailed>()?;
    module.add_class::<AckMissing>()?;
    module.add_class::<Rejected>()?;
    module.add_class::<SipStack>()?;
    // The union that the stub names, for annotations and isinstance().
    let py = module.py();
    let union = [
        py.get_type::<AckReceived>(),
        py.get_type::<CancelReceived>(),
        py.get_type::<ResponseReceived>(),
        py.get_type::<TransactionFailed>(),
        py.get_type::<AckMissing>(),
        py.get_type::<Rejected>(),
    ]
    .into_iter()
    .try_fold(py.get_type::<RequestReceived>().into_any(), |all, one| {
        all.bitor(one)
    })?;
    module.add("SipEvent", union)
}

/// Host names that are kept as Python strings; beyond that, all are made anew.
const HOSTS: usize = 4096;

fn error(error: StackError) -> PyErr {
    PyValueError::new_err(error.to_string())
}

/// Seconds of Python's clock as the stack's microseconds; a negative time or NaN is 0.
fn micros(seconds: f64) -> u64 {
    (seconds * 1e6).round() as u64
}

fn seconds(micros: u64) -> f64 {
    micros as f64 / 1e6
}

macro_rules! received {
    ($($name:ident)*) => {
        $(
            #[doc = concat!("`", stringify!($name), "` of _core.pyi.")]
            #[pyclass(module = "offhook._core", frozen, get_all)]
            struct $name {
                txn: u64,
                message: Py<PyMessage>,
                flow: u64,
                host: Py<PyString>,
                port: u16,
            }

            #[pymethods]
            impl $name {
                fn __repr__(&self, py: Python<'_>) -> String {
                    format!(
                        "<{} {} from {}:{} on {}>",
                        stringify!($name),
                        self.txn,
                        self.host.bind(py),
                        self.port,
                        self.flow
                    )
                }
            }
        )*
    };
}

received!(RequestReceived AckReceived ResponseReceived);

/// `CancelReceived` of _core.pyi.
#[pyclass(module = "offhook._core", frozen, get_all)]
struct CancelReceived {
    txn: u64,
    message: Py<PyMessage>,
}

/// `TransactionFailed` of _core.pyi.
#[pyclass(module = "offhook._core", frozen, get_all)]
struct TransactionFailed {
    txn: u64,
    why: &'static str,
}

/// `AckMissing` of _core.pyi.
#[pyclass(module = "offhook._core", frozen, get_all)]
struct AckMissing {
    txn: u64,
    reliable_provisional: bool,
}

/// `Rejected` of _core.pyi.
#[pyclass(module = "offhook._core", frozen, get_all)]
struct Rejected {
    status: u16,
    why: String,
    flow: u64,
    host: Py<PyString>,
    port: u16,
}

#[pymethods]
impl Rejected {
    fn __repr__(&self, py: Python<'_>) -> String {
        let host = self.host.bind(py);
        format!(
            "<Rejected {} {} from {host}:{}>",
            self.status, self.why, self.port
        )
    }
}

/// Where the message came from that the events are about.
#[derive(Clone, Copy)]
struct Source<'a, 'py> {
    flow: u64,
    host: &'a Bound<'py, PyString>,
    port: u16,
}

/// One event as its Python object.
fn to_python<'py>(
    py: Python<'py>,
    event: Event,
    source: Source<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    let Source { flow, port, .. } = source;
    let host = || source.host.clone().unbind();
    let wrap = |message| Py::new(py, PyMessage::new(message));
    Ok(match event {
        Event::Request { txn, message } => {
            let message = wrap(message)?;
            let host = host();
            Bound::new(
                py,
                RequestReceived {
                    txn,
                    message,
                    flow,
                    host,
                    port,
                },
            )?
            .into_any()
        }
        Event::Response { txn, message } => {
            let message = wrap(message)?;
            let host = host();
            Bound::new(
                py,
                ResponseReceived {
                    txn,
                    message,
                    flow,
                    host,
                    port,
                },
            )?
            .into_any()
        }
        Event::Ack { txn, message } => {
            let message = wrap(message)?;
            let host = host();
            Bound::new(
                py,
                AckReceived {
                    txn,
                    message,
                    flow,
                    host,
                    port,
                },
            )?
            .into_any()
        }
        Event::Cancel { txn, message } => {
            let message = wrap(message)?;
            Bound::new(py, CancelReceived { txn, message })?.into_any()
        }
        Event::Failed { txn, why } => {
            let why = match why {
                Failure::Timeout => "timeout",
                Failure::Transport => "transport",
            };
            Bound::new(py, TransactionFailed { txn, why })?.into_any()
        }
        Event::AckMissing {
            txn,
            reliable_provisional,
        } => Bound::new(
            py,
            AckMissing {
                txn,
                reliable_provisional,
            },
        )?
        .into_any(),
        Event::Rejected { status, why } => {
            let why = why.into_owned();
            let host = host();
            Bound::new(
                py,
                Rejected {
                    status,
                    why,
                    flow,
                    host,
                    port,
                },
            )?
            .into_any()
        }
    })
}

/// `SipStack` of _core.pyi.
#[pyclass(module = "offhook._core")]
struct SipStack {
    stack: Stack,
    /// Most messages go to a host that one has just gone to.
    hosts: HashMap<Host, Py<PyString>>,
}

impl SipStack {
    fn events<'py>(
        &mut self,
        py: Python<'py>,
        source: Source<'_, 'py>,
    ) -> PyResult<Bound<'py, PyList>> {
        let list = PyList::empty(py);
        for event in self.stack.take_events() {
            list.append(to_python(py, event, source)?)?;
        }
        Ok(list)
    }

    /// Events that come from no message.
    fn own_events<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let host = &PyString::new(py, "");
        let source = Source {
            flow: 0,
            host,
            port: 0,
        };
        self.events(py, source)
    }
}

#[pymethods]
impl SipStack {
    #[new]
    #[expect(clippy::too_many_arguments, reason = "named arguments in Python")]
    #[pyo3(signature = (*, t1_ms=500, t2_ms=4000, t4_ms=5000, timer_b_ms=32000,
        max_transactions=200_000, max_answered=20_000, compact=false, seed=None))]
    fn new(
        t1_ms: u32,
        t2_ms: u32,
        t4_ms: u32,
        timer_b_ms: u32,
        max_transactions: usize,
        max_answered: usize,
        compact: bool,
        seed: Option<u64>,
    ) -> PyResult<Self> {
        if t1_ms == 0 || t2_ms < t1_ms || t4_ms == 0 || timer_b_ms == 0 {
            return Err(PyValueError::new_err(
                "timers are positive, and T2 is at least T1",
            ));
        }
        let micros = |ms: u32| u64::from(ms) * 1000;
        let config = Config {
            t1: micros(t1_ms),
            t2: micros(t2_ms),
            t4: micros(t4_ms),
            patience: micros(timer_b_ms),
            max_transactions,
            max_answered,
            compact,
        };
        Ok(SipStack {
            stack: Stack::new(config, seed.map_or(Tokens::system(), Tokens::seeded)),
            hosts: HashMap::new(),
        })
    }

    #[pyo3(signature = (flow, transport, sent_by, *, reliable, rport=true))]
    fn add_flow(
        &mut self,
        flow: u64,
        transport: &str,
        sent_by: &str,
        reliable: bool,
        rport: bool,
    ) -> PyResult<()> {
        self.stack
            .add_flow(flow, transport, sent_by, reliable, rport)
            .map_err(error)
    }

    fn remove_flow<'py>(
        &mut self,
        py: Python<'py>,
        flow: u64,
        now: f64,
    ) -> PyResult<Bound<'py, PyList>> {
        self.stack.remove_flow(flow, micros(now));
        self.own_events(py)
    }

    fn undeliverable<'py>(
        &mut self,
        py: Python<'py>,
        data: &[u8],
        now: f64,
    ) -> PyResult<Bound<'py, PyList>> {
        self.stack.undeliverable(data, micros(now));
        self.own_events(py)
    }

    fn receive<'py>(
        &mut self,
        py: Python<'py>,
        data: &[u8],
        flow: u64,
        host: &Bound<'py, PyString>,
        port: u16,
        now: f64,
    ) -> PyResult<Bound<'py, PyList>> {
        let text = host.to_cow()?;
        self.stack
            .receive(data, flow, &text, port, micros(now))
            .map_err(error)?;
        self.events(py, Source { flow, host, port })
    }

    fn request(
        &mut self,
        message: PyRef<'_, PyMessage>,
        flow: u64,
        host: &str,
        port: u16,
        now: f64,
    ) -> PyResult<u64> {
        self.stack
            .request(message.get_ref(), flow, host, port, micros(now))
            .map_err(error)
    }

    #[pyo3(signature = (txn, message, now, *, forget=false, reliable_provisional=false, to_source=false))]
    fn respond(
        &mut self,
        txn: u64,
        message: PyRef<'_, PyMessage>,
        now: f64,
        forget: bool,
        reliable_provisional: bool,
        to_source: bool,
    ) -> PyResult<()> {
        let how = Respond {
            forget,
            reliable_provisional,
            to_source,
        };
        self.stack
            .respond(txn, message.get_ref(), how, micros(now))
            .map_err(error)
    }

    fn provisional_acked(&mut self, txn: u64) {
        self.stack.provisional_acked(txn);
    }

    fn send_ack(
        &mut self,
        txn: u64,
        message: PyRef<'_, PyMessage>,
        flow: u64,
        host: &str,
        port: u16,
        now: f64,
    ) -> PyResult<()> {
        self.stack
            .send_ack(txn, message.get_ref(), flow, host, port, micros(now))
            .map_err(error)
    }

    #[pyo3(signature = (txn, now, *, reason=None))]
    fn cancel(&mut self, txn: u64, now: f64, reason: Option<&str>) -> PyResult<()> {
        self.stack.cancel(txn, reason, micros(now)).map_err(error)
    }

    fn next_timeout(&mut self) -> Option<f64> {
        self.stack.next_timeout().map(seconds)
    }

    fn handle_timeout<'py>(&mut self, py: Python<'py>, now: f64) -> PyResult<Bound<'py, PyList>> {
        self.stack.expire(micros(now));
        self.own_events(py)
    }

    fn take_transmits<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let list = PyList::empty(py);
        for transmit in self.stack.take_transmits() {
            if self.hosts.len() >= HOSTS {
                self.hosts.clear();
            }
            let host = match self.hosts.get(&transmit.host) {
                Some(host) => host.bind(py).clone(),
                None => {
                    let host = PyString::new(py, &transmit.host.text());
                    self.hosts.insert(transmit.host, host.clone().unbind());
                    host
                }
            };
            let data = PyBytes::new(py, &transmit.data);
            list.append((transmit.flow, host, transmit.port, data))?;
        }
        Ok(list)
    }

    fn transactions(&self) -> usize {
        self.stack.transactions()
    }

    fn stats(&self) -> HashMap<&'static str, u64> {
        self.stack.stats().iter().collect()
    }
}
