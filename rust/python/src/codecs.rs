//! The registry of codecs, and what packages add to it.
use offhook_media::codecs::registry::{self, Codec, Media};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// Name, media, SDP names, (clock, sample rate), payload type or -1, (shortest, usual, longest packet in ms), quality,
/// channels, whether the engine decodes and encodes it, description.
type CodecRow = (
    &'static str,
    &'static str,
    Vec<&'static str>,
    (u32, u32),
    i16,
    (u16, u16, u16),
    u16,
    u8,
    bool,
    &'static str,
);

/// The registry of codecs, in the order of `allow=all`.
#[pyfunction]
fn codec_registry() -> Vec<CodecRow> {
    let row = |codec: &'static Codec| {
        (
            codec.name,
            codec.media.as_str(),
            codec.sdp.to_vec(),
            (codec.clock, codec.rate),
            codec.payload_type.map_or(-1, i16::from),
            (codec.step_ms, codec.ptime_ms, codec.max_ms),
            codec.quality,
            codec.channels,
            codec.decoder.is_some(),
            codec.description,
        )
    };
    registry::all().map(row).collect()
}

/// Add an audio codec; see `_core.pyi`.
#[pyfunction]
#[pyo3(signature = (name, description, sdp, clock_and_rate, packet_ms, *, quality = 0, channels = 1, frame = None, module = None))]
#[expect(clippy::too_many_arguments, reason = "keywords in Python")]
fn declare_codec(
    py: Python<'_>,
    name: String,
    description: String,
    sdp: Vec<String>,
    clock_and_rate: (u32, u32),
    packet_ms: (u16, u16, u16),
    quality: u16,
    channels: u8,
    frame: Option<(u32, u32)>,
    module: Option<Vec<u8>>,
) -> PyResult<()> {
    // They live as long as the process, like the names of the engine's own codecs.
    let leaked = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
    let names: Vec<&'static str> = sdp.into_iter().map(leaked).collect();
    let facts = Codec {
        name: leaked(name),
        media: Media::Audio,
        description: leaked(description),
        sdp: Box::leak(names.into_boxed_slice()),
        clock: clock_and_rate.0,
        channels,
        rate: clock_and_rate.1,
        payload_type: None,
        step_ms: packet_ms.0,
        ptime_ms: packet_ms.1,
        max_ms: packet_ms.2,
        quality,
        defining: &[],
        silence: None,
        duration: None,
        decoder: None,
        encoder: None,
    };
    py.detach(|| registry::declare(facts, frame, module.as_deref()))
        .map(|_| ())
        .map_err(|error| PyValueError::new_err(error.0))
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(codec_registry, module)?)?;
    module.add_function(wrap_pyfunction!(declare_codec, module)?)
}
