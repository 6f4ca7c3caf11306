//! Change of sample rate: of streams ([`Resampler`]) and of whole recordings ([`resample`]).
mod stream;
mod whole;

pub use stream::Resampler;
pub use whole::resample;
