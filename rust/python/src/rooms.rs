//! Bindings of conferences; see `_core.pyi` for what Python sees.
use crate::media::{Port, raise};
use offhook_media::io::room::RoomHandle;
use offhook_media::mixer::room::{Taking, UNITY};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

#[pyclass(module = "offhook._core", frozen)]
pub(crate) struct Room {
    room: RoomHandle,
}

impl Room {
    pub(crate) fn new(room: RoomHandle) -> Room {
        Room { room }
    }
}

#[pymethods]
impl Room {
    #[getter]
    fn id(&self) -> u64 {
        self.room.id()
    }

    fn set_rate(&self, py: Python<'_>, rate: u32) -> PyResult<()> {
        self.room.set_rate(rate).map_err(|error| raise(py, error))
    }

    #[pyo3(signature = (port, *, muted = false, deaf = false, gain_in = 1.0, gain_out = 1.0, talking_threshold = 160,
        silence_ms = 2500, drop_silence = false, report_talking = false, only_from = 0, only_to = 0))]
    #[allow(clippy::too_many_arguments)]
    fn join(
        &self,
        py: Python<'_>,
        port: &Port,
        muted: bool,
        deaf: bool,
        gain_in: f64,
        gain_out: f64,
        talking_threshold: u32,
        silence_ms: u32,
        drop_silence: bool,
        report_talking: bool,
        only_from: u64,
        only_to: u64,
    ) -> PyResult<()> {
        let taking = Taking {
            muted,
            deaf,
            gain_in: gain(gain_in)?,
            gain_out: gain(gain_out)?,
            talking_threshold,
            silence_ms,
            drop_silence,
            report: report_talking,
            only_from,
            only_to,
        };
        self.room
            .join(&port.handle, taking)
            .map_err(|error| raise(py, error))
    }

    fn close(&self) {
        self.room.close();
    }
}

/// A factor as the mixer takes it.
fn gain(factor: f64) -> PyResult<i32> {
    if (0.0..=16.0).contains(&factor) {
        Ok((factor * f64::from(UNITY)).round() as i32)
    } else {
        Err(PyValueError::new_err(format!(
            "{factor} is not a gain from 0 to 16"
        )))
    }
}
