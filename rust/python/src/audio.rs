//! Sound as data: rates, laws, levels and digits of samples that Python already has.  For prompts, tools and tests;
//! never for streams.
use offhook_media::codecs::g711;
use offhook_media::files::{self, FileError};
use offhook_media::goertzel::{DtmfDetector, DtmfEvent, Goertzel};
use offhook_media::resample as rates;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::path::PathBuf;

/// Rates in Hz that make sense; the limits keep a wrong one from taking all memory.
const RATES: std::ops::RangeInclusive<u32> = 1000..=384_000;

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(convert_file, module)?)?;
    module.add_function(wrap_pyfunction!(resample, module)?)?;
    module.add_function(wrap_pyfunction!(g711_decode, module)?)?;
    module.add_function(wrap_pyfunction!(g711_encode, module)?)?;
    module.add_function(wrap_pyfunction!(tone_level, module)?)?;
    module.add_function(wrap_pyfunction!(find_dtmf, module)?)
}

fn linear(data: &[u8]) -> PyResult<Vec<i16>> {
    if !data.len().is_multiple_of(2) {
        return Err(PyValueError::new_err(
            "16-bit samples need an even number of octets",
        ));
    }
    let pairs = data.chunks_exact(2);
    Ok(pairs
        .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
        .collect())
}

fn octets(samples: &[i16]) -> Vec<u8> {
    samples
        .iter()
        .flat_map(|sample| sample.to_le_bytes())
        .collect()
}

#[pyfunction]
fn convert_file(py: Python<'_>, from: PathBuf, to: PathBuf) -> PyResult<u64> {
    py.detach(|| files::convert(&from, &to))
        .map_err(|error| match error {
            FileError::Io { error, .. } => error.into(),
            other => PyValueError::new_err(other.to_string()),
        })
}

#[pyfunction]
fn resample<'py>(
    py: Python<'py>,
    samples: &[u8],
    from_rate: u32,
    to_rate: u32,
) -> PyResult<Bound<'py, PyBytes>> {
    if !RATES.contains(&from_rate) || !RATES.contains(&to_rate) {
        return Err(PyValueError::new_err("a rate is 1000 to 384000 Hz"));
    }
    let input = linear(samples)?;
    let output = py.detach(|| octets(&rates::resample(&input, from_rate, to_rate)));
    Ok(PyBytes::new(py, &output))
}

#[pyfunction]
fn g711_decode<'py>(py: Python<'py>, data: &[u8], law: &str) -> PyResult<Bound<'py, PyBytes>> {
    let mut samples = vec![0; data.len()];
    match law {
        "ulaw" => g711::linear_from_ulaw(data, &mut samples),
        "alaw" => g711::linear_from_alaw(data, &mut samples),
        _ => return Err(PyValueError::new_err("law is ulaw or alaw")),
    };
    Ok(PyBytes::new(py, &octets(&samples)))
}

#[pyfunction]
fn g711_encode<'py>(py: Python<'py>, samples: &[u8], law: &str) -> PyResult<Bound<'py, PyBytes>> {
    let samples = linear(samples)?;
    let mut data = vec![0; samples.len()];
    match law {
        "ulaw" => g711::ulaw_from_linear(&samples, &mut data),
        "alaw" => g711::alaw_from_linear(&samples, &mut data),
        _ => return Err(PyValueError::new_err("law is ulaw or alaw")),
    };
    Ok(PyBytes::new(py, &data))
}

#[pyfunction]
#[pyo3(signature = (samples, frequency, rate = 8000.0))]
fn tone_level(samples: &[u8], frequency: f64, rate: f64) -> PyResult<f64> {
    let mut meter = Goertzel::new(frequency, rate);
    meter.add(&linear(samples)?);
    Ok(meter.level_dbm0())
}

#[pyfunction]
fn find_dtmf(samples: &[u8]) -> PyResult<Vec<(String, u32, u32)>> {
    const MILLISECOND: usize = 8;
    /// The detector is sure of a digit so long after its start.
    const SURE_MS: u32 = 30;
    let samples = linear(samples)?;
    let mut detector = DtmfDetector::new();
    let mut found = Vec::new();
    let mut now_ms = 0u32;
    let mut start_ms = 0;
    let mut take = |event, now_ms: u32| match event {
        DtmfEvent::Begin { .. } => start_ms = now_ms.saturating_sub(SURE_MS),
        DtmfEvent::End { digit, duration_ms } => {
            found.push((String::from(digit), start_ms, duration_ms));
        }
    };
    for piece in samples.chunks(MILLISECOND) {
        now_ms += 1;
        detector.process(piece, |event| take(event, now_ms));
    }
    detector.flush(|event| take(event, now_ms));
    Ok(found)
}
