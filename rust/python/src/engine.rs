//! Binding of the engine as a whole; see `_core.pyi` for what Python sees.
use crate::media::{Port, address, raise};
use crate::rooms::Room;
use offhook_media::io::engine::{Engine, PortSettings, Settings};
use offhook_media::io::packet_log::Filter;
use offhook_media::port::Carries;
use offhook_media::stats::{Event, Kind};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyTuple};
use std::sync::Arc;

fn name_of<'py>(py: Python<'py>, kind: Kind) -> &'py Bound<'py, PyString> {
    match kind {
        Kind::DtmfBegin => pyo3::intern!(py, "dtmf_begin"),
        Kind::DtmfEnd => pyo3::intern!(py, "dtmf_end"),
        Kind::DtmfSent => pyo3::intern!(py, "dtmf_sent"),
        Kind::PlayEnd => pyo3::intern!(py, "play_end"),
        Kind::RecordEnd => pyo3::intern!(py, "record_end"),
        Kind::Source => pyo3::intern!(py, "source"),
        Kind::Timeout => pyo3::intern!(py, "timeout"),
        Kind::RtcpReceived => pyo3::intern!(py, "rtcp_received"),
        Kind::RtcpSent => pyo3::intern!(py, "rtcp_sent"),
        Kind::Bye => pyo3::intern!(py, "bye"),
        Kind::Dtls => pyo3::intern!(py, "dtls"),
        Kind::Ice => pyo3::intern!(py, "ice"),
        Kind::Server => pyo3::intern!(py, "server"),
        Kind::Talking => pyo3::intern!(py, "talking"),
        Kind::Audio => pyo3::intern!(py, "audio"),
        Kind::Dry => pyo3::intern!(py, "dry"),
        Kind::Position => pyo3::intern!(py, "position"),
        Kind::Found => pyo3::intern!(py, "found"),
        Kind::Overrun => pyo3::intern!(py, "overrun"),
    }
}

fn event_tuple<'py>(py: Python<'py>, event: &Event) -> PyResult<Bound<'py, PyTuple>> {
    (
        name_of(py, event.kind),
        event.port,
        event.reference,
        event.text.as_ref(),
        event.value,
    )
        .into_pyobject(py)
}

/// Address and port, "" and 0 for all.
fn filter(wanted: Option<(String, u16)>) -> PyResult<Option<Filter>> {
    let Some((host, port)) = wanted else {
        return Ok(None);
    };
    let address = match host.as_str() {
        "" => None,
        host => Some(address(host)?),
    };
    Ok(Some(Filter { address, port }))
}

fn carries(name: &str) -> PyResult<Carries> {
    match name {
        "audio" => Ok(Carries::Audio),
        "video" => Ok(Carries::Video),
        "udptl" => Ok(Carries::Datagrams),
        _ => Err(PyValueError::new_err(format!(
            "a port cannot carry {name:?}"
        ))),
    }
}

#[pyclass(module = "offhook._core", frozen)]
pub(crate) struct MediaEngine {
    engine: Arc<Engine>,
}

#[pymethods]
impl MediaEngine {
    #[new]
    #[pyo3(signature = (*, workers = 0, tick_ms = 20, rtp_start = 10000, rtp_end = 20000, cname = "", cache_bytes = 67_108_864, max_events = 65_536))]
    #[allow(clippy::too_many_arguments)]
    fn new(
        py: Python<'_>,
        workers: usize,
        tick_ms: u32,
        rtp_start: u16,
        rtp_end: u16,
        cname: &str,
        cache_bytes: usize,
        max_events: usize,
    ) -> PyResult<MediaEngine> {
        if !(5..=100).contains(&tick_ms) {
            return Err(PyValueError::new_err(format!(
                "tick_ms {tick_ms} is not within 5 to 100"
            )));
        }
        let settings = Settings {
            workers,
            tick_ms,
            rtp_start,
            rtp_end,
            cname: cname.to_owned(),
            cache_bytes,
            max_events,
        };
        Ok(MediaEngine {
            engine: Engine::new(settings).map_err(|error| raise(py, error))?,
        })
    }

    #[getter]
    fn event_fd(&self) -> i32 {
        self.engine.event_fd()
    }

    #[getter]
    fn rtp_range(&self) -> (u16, u16) {
        self.engine.range()
    }

    #[setter]
    fn set_rtp_range(&self, range: (u16, u16)) {
        self.engine.set_range(range.0, range.1);
    }

    #[pyo3(signature = (start, end, *, even = false))]
    fn set_udptl_range(&self, start: u16, end: u16, even: bool) {
        self.engine.set_datagram_range(start, end, even);
    }

    fn report_rtcp(&self, on: bool) {
        self.engine.want_reports(on);
    }

    #[pyo3(signature = (rtp, udptl))]
    fn want_packets(
        &self,
        rtp: Option<(String, u16)>,
        udptl: Option<(String, u16)>,
    ) -> PyResult<()> {
        self.engine.want_packets(filter(rtp)?, filter(udptl)?);
        Ok(())
    }

    fn packets<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyList>, u64)> {
        let (seen, lost) = self.engine.packets();
        let list = PyList::empty(py);
        for one in seen {
            let kind = if one.datagram { "udptl" } else { "rtp" };
            let head = PyBytes::new(py, &one.head[..one.length.min(one.head.len())]);
            let far = one.far.to_string();
            list.append((kind, one.sent, far, head, one.length))?;
        }
        Ok((list, lost))
    }

    fn events<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let list = PyList::empty(py);
        for event in self.engine.events() {
            list.append(event_tuple(py, &event)?)?;
        }
        Ok(list)
    }

    #[pyo3(signature = (address, *, carries = "audio", fixed = false, rtcp = true, rtcp_mux = false, tos = 0, symmetric = true, strict = true, probation = 4, near = None))]
    #[allow(clippy::too_many_arguments)]
    fn open_port(
        &self,
        py: Python<'_>,
        address: &str,
        carries: &str,
        fixed: bool,
        rtcp: bool,
        rtcp_mux: bool,
        tos: u8,
        symmetric: bool,
        strict: bool,
        probation: u16,
        near: Option<&Port>,
    ) -> PyResult<Port> {
        let address = self::address(address)?;
        let carries = self::carries(carries)?;
        let settings = PortSettings {
            address,
            carries,
            fixed,
            rtcp: rtcp && carries != Carries::Datagrams,
            rtcp_mux,
            tos,
            symmetric,
            strict,
            probation,
        };
        let handle = self
            .engine
            .open_port(settings, near.map(|port| &port.handle));
        Ok(Port {
            handle: handle.map_err(|error| raise(py, error))?,
        })
    }

    #[pyo3(signature = (carrier, *, carries = "video"))]
    fn open_rider(&self, py: Python<'_>, carrier: &Port, carries: &str) -> PyResult<Port> {
        let handle = self
            .engine
            .open_rider(&carrier.handle, self::carries(carries)?);
        Ok(Port {
            handle: handle.map_err(|error| raise(py, error))?,
        })
    }

    #[pyo3(signature = (*, near = None))]
    fn open_pipe(&self, py: Python<'_>, near: Option<&Port>) -> PyResult<(Port, Port)> {
        let _ = near; // All pipes live with one worker; what is bridged to them moves there.
        let (a, b) = self.engine.open_pipe().map_err(|error| raise(py, error))?;
        Ok((Port { handle: a }, Port { handle: b }))
    }

    #[pyo3(signature = (*, rate = 8000, interval_ms = 20))]
    fn open_room(&self, py: Python<'_>, rate: u32, interval_ms: u32) -> PyResult<Room> {
        let room = self.engine.open_room(rate, interval_ms);
        Ok(Room::new(room.map_err(|error| raise(py, error))?))
    }

    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        for (name, value) in self.engine.stats() {
            dict.set_item(name, value)?;
        }
        Ok(dict)
    }

    fn close(&self, py: Python<'_>) {
        py.detach(|| self.engine.close());
    }
}
