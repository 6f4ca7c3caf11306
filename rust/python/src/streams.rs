//! Audio of a port for a program, and of a program for a port.
use offhook_media::port::stream::Queue;
use offhook_media::resample::Resampler;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::sync::{Arc, Mutex, PoisonError};

/// Samples a second of what the engine plays.
const RATE: u32 = 8000;
/// Rates that a program may ask for, in Hz.
const RATES: std::ops::RangeInclusive<u32> = 8000..=48_000;
/// The longest queue, in ms.
const LONGEST: u32 = 60_000;

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<AudioQueue>()
}

#[pyclass(frozen, module = "offhook._core")]
pub(crate) struct AudioQueue {
    pub(crate) queue: Arc<Queue>,
    /// Of what is in the queue, Hz.
    pub(crate) engine_rate: u32,
    rate: u32,
    reading: Mutex<Resampler>,
    writing: Mutex<Resampler>,
}

impl AudioQueue {
    fn ms(&self, samples: u64) -> u64 {
        samples * 1000 / u64::from(self.engine_rate)
    }
}

#[pymethods]
impl AudioQueue {
    #[new]
    #[pyo3(signature = (rate, limit_ms, *, engine_rate = RATE))]
    fn new(rate: u32, limit_ms: u32, engine_rate: u32) -> PyResult<AudioQueue> {
        if !RATES.contains(&rate)
            || !RATES.contains(&engine_rate)
            || !(1..=LONGEST).contains(&limit_ms)
        {
            return Err(PyValueError::new_err(
                "a rate is 8000 to 48000 Hz, and a queue 1 to 60000 ms long",
            ));
        }
        Ok(AudioQueue {
            queue: Arc::new(Queue::new(
                (u64::from(limit_ms) * u64::from(engine_rate) / 1000) as usize,
            )),
            engine_rate,
            rate,
            reading: Mutex::new(Resampler::new(engine_rate, rate)),
            writing: Mutex::new(Resampler::new(rate, engine_rate)),
        })
    }

    fn read<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let mut taken = Vec::new();
        self.queue.take_all(&mut taken);
        let mut samples = Vec::new();
        self.reading
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .process(&taken, &mut samples);
        let octets: Vec<u8> = samples.iter().flat_map(|s| s.to_le_bytes()).collect();
        PyBytes::new(py, &octets)
    }

    fn write(&self, data: &[u8]) -> usize {
        // one sample of room is kept: the resampler may give one more than its share
        let room = self.queue.room().saturating_sub(1) as u64;
        let count =
            (room * u64::from(self.rate) / u64::from(self.engine_rate)).min(data.len() as u64 / 2);
        let data = &data[..count as usize * 2];
        let samples: Vec<i16> = data
            .chunks_exact(2)
            .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
            .collect();
        let mut narrow = Vec::new();
        self.writing
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .process(&samples, &mut narrow);
        self.queue.offer(&narrow);
        data.len()
    }

    fn flush(&self) -> u64 {
        self.writing
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .reset();
        self.ms(self.queue.flush() as u64)
    }

    fn end(&self) {
        self.queue.end();
    }

    fn wait(&self) {
        self.queue.wait();
    }

    #[getter]
    fn rate(&self) -> u32 {
        self.rate
    }

    #[getter]
    fn ended(&self) -> bool {
        self.queue.ended()
    }

    #[getter]
    fn held_ms(&self) -> u64 {
        self.ms(self.queue.held() as u64)
    }

    #[getter]
    fn room_ms(&self) -> u64 {
        self.ms(self.queue.room() as u64)
    }

    #[getter]
    fn lost_ms(&self) -> u64 {
        self.ms(self.queue.lost())
    }

    #[getter]
    fn passed_ms(&self) -> u64 {
        self.ms(self.queue.passed())
    }

    #[getter]
    fn gaps(&self) -> u64 {
        self.queue.gaps()
    }
}
