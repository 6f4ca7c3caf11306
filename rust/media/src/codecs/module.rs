//! Codecs of others: WebAssembly modules, run by an interpreter inside the engine.
//!
//! What a module is given is all that it can see: it has a memory of its own and no imports, so it cannot read
//! files, call out, or bring the engine down.  Each direction of each leg is an instance, with its own memory; state lives
//! there.  Work is bounded: [`FUEL`] instructions a call, [`MEMORY`] octets an instance.  A call that fails or runs out of
//! fuel is a damaged payload (decoding) or a packet that is not sent (encoding).
//!
//! A module exports
//!
//! | name | type | |
//! |---|---|---|
//! | `memory` | memory | |
//! | `input`, `output` | global i32 | where [`BUFFER`] octets for arguments and results are |
//! | `decode` | (octets: i32) -> i32 | a payload at `input` to 16-bit little-endian samples at `output`; their number, negative: damaged |
//! | `encode` | (samples: i32) -> i32 | samples at `input` to a payload at `output`; its length, 0: nothing to send |
//! | `conceal` | (samples: i32) -> i32 | optional: what stands for so many lost samples, at `output`; their number |
//! | `fmtp` | (octets: i32) | optional: an fmtp line at `input`, before anything else; for a decoder ours, else the far end's |
use std::fmt;

use wasmi::{
    Config, Engine, Instance, Linker, Memory, Module, Store, StoreLimits, StoreLimitsBuilder,
    TypedFunc,
};

use super::{Damaged, Decoder, Encoder, Parameters};

/// Octets at `input` and at `output`.
pub const BUFFER: usize = 32 * 1024;
/// What one call may cost; an instruction is about one.
pub const FUEL: u64 = 20_000_000;
/// Octets of memory that an instance may have.
pub const MEMORY: usize = 8 * 1024 * 1024;

/// Why a module is no codec; the text says what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoCodec(pub String);

impl fmt::Display for NoCodec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NoCodec {}

/// A module that was read and found to be a codec.
#[derive(Debug)]
pub struct CodecModule {
    engine: Engine,
    module: Module,
    rate: u32,
}

impl CodecModule {
    /// Read a module, in binary or text form, of a codec whose samples have `rate` Hz.
    ///
    /// # Errors
    /// It is not WebAssembly, imports something, or lacks an export.
    pub fn new(wasm: &[u8], rate: u32) -> Result<CodecModule, NoCodec> {
        let mut config = Config::default();
        config.consume_fuel(true);
        let engine = Engine::new(&config);
        let module = Module::new(&engine, wasm)
            .map_err(|error| NoCodec(format!("it is no WebAssembly module: {error}")))?;
        let made = CodecModule {
            engine,
            module,
            rate,
        };
        made.open("")?;
        Ok(made)
    }

    /// One direction of one leg.
    fn open(&self, fmtp: &str) -> Result<Running, NoCodec> {
        if let Some(import) = self.module.imports().next() {
            let (module, name) = (import.module(), import.name());
            return Err(NoCodec(format!(
                "it imports {module}.{name}; there is nothing to import"
            )));
        }
        let limits = StoreLimitsBuilder::new().memory_size(MEMORY).build();
        let mut store = Store::new(&self.engine, limits);
        store.limiter(|limits| limits);
        let failed = |error: wasmi::Error| NoCodec(format!("it does not start: {error}"));
        store.set_fuel(FUEL).map_err(failed)?;
        let instance = Linker::new(&self.engine)
            .instantiate_and_start(&mut store, &self.module)
            .map_err(failed)?;
        let memory = instance
            .get_memory(&store, "memory")
            .ok_or_else(|| NoCodec("it exports no `memory`".to_owned()))?;
        let (input, output) = (
            place(&store, &instance, "input")?,
            place(&store, &instance, "output")?,
        );
        let size = memory.data_size(&store);
        if input.max(output).saturating_add(BUFFER) > size {
            return Err(NoCodec(format!(
                "`input` and `output` need {BUFFER} octets each within its memory of {size}"
            )));
        }
        let function = |name: &str| {
            instance
                .get_typed_func::<i32, i32>(&store, name)
                .map_err(|_| NoCodec(format!("it exports no function `{name}` (i32) -> i32")))
        };
        let (decode, encode) = (function("decode")?, function("encode")?);
        let conceal = function("conceal").ok();
        let prepare = instance.get_typed_func::<i32, ()>(&store, "fmtp").ok();
        let mut running = Running {
            store,
            memory,
            input,
            output,
            decode,
            encode,
            conceal,
        };
        if let Some(prepare) = prepare {
            let line = &fmtp.as_bytes()[..fmtp.len().min(BUFFER)];
            running.put(line);
            #[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap)]
            prepare
                .call(&mut running.store, line.len() as i32)
                .map_err(failed)?;
        }
        Ok(running)
    }

    /// A decoder; one that finds every payload damaged where the module does not start.
    #[must_use]
    pub fn decoder(&self, parameters: &Parameters<'_>) -> Box<dyn Decoder> {
        Box::new(self.half(parameters))
    }

    /// An encoder; one that sends nothing where the module does not start.
    #[must_use]
    pub fn encoder(&self, parameters: &Parameters<'_>) -> Box<dyn Encoder> {
        Box::new(self.half(parameters))
    }

    fn half(&self, parameters: &Parameters<'_>) -> Half {
        Half {
            rate: self.rate,
            running: self.open(parameters.fmtp).ok(),
        }
    }
}

fn place(store: &Store<StoreLimits>, instance: &Instance, name: &str) -> Result<usize, NoCodec> {
    instance
        .get_global(store, name)
        .and_then(|global| global.get(store).i32())
        .and_then(|at| usize::try_from(at).ok())
        .ok_or_else(|| NoCodec(format!("it exports no global `{name}` (i32)")))
}

struct Running {
    store: Store<StoreLimits>,
    memory: Memory,
    input: usize,
    output: usize,
    decode: TypedFunc<i32, i32>,
    encode: TypedFunc<i32, i32>,
    conceal: Option<TypedFunc<i32, i32>>,
}

impl Running {
    fn put(&mut self, octets: &[u8]) {
        let input = self.input;
        self.memory.data_mut(&mut self.store)[input..input + octets.len()].copy_from_slice(octets);
    }

    /// Call a function with a number; what it says is at `output`, in octets of `width` each.
    fn call(
        &mut self,
        function: TypedFunc<i32, i32>,
        number: usize,
        width: usize,
    ) -> Option<&[u8]> {
        self.store.set_fuel(FUEL).ok()?;
        let made = function
            .call(&mut self.store, i32::try_from(number).ok()?)
            .ok()?;
        let octets = usize::try_from(made).ok()?.checked_mul(width)?;
        if octets > BUFFER {
            return None;
        }
        Some(&self.memory.data(&self.store)[self.output..self.output + octets])
    }
}

struct Half {
    rate: u32,
    running: Option<Running>,
}

fn append(octets: &[u8], samples: &mut Vec<i16>) {
    let (pairs, _) = octets.as_chunks::<2>();
    samples.extend(pairs.iter().map(|pair| i16::from_le_bytes(*pair)));
}

impl Decoder for Half {
    fn rate(&self) -> u32 {
        self.rate
    }

    fn decode(&mut self, payload: &[u8], out: &mut Vec<i16>) -> Result<(), Damaged> {
        let running = self.running.as_mut().ok_or(Damaged)?;
        if payload.len() > BUFFER {
            return Err(Damaged);
        }
        running.put(payload);
        let function = running.decode;
        append(
            running.call(function, payload.len(), 2).ok_or(Damaged)?,
            out,
        );
        Ok(())
    }

    fn conceals(&self) -> bool {
        self.running
            .as_ref()
            .is_some_and(|running| running.conceal.is_some())
    }

    fn conceal(&mut self, samples: usize, _next: Option<&[u8]>, out: &mut Vec<i16>) {
        let full = out.len() + samples;
        if let Some(running) = self.running.as_mut()
            && let Some(function) = running.conceal
            && let Some(made) = running.call(function, samples.min(BUFFER / 2), 2)
        {
            append(made, out);
        }
        out.resize(full, 0);
    }
}

impl Encoder for Half {
    fn rate(&self) -> u32 {
        self.rate
    }

    fn encode(&mut self, samples: &[i16], payload: &mut Vec<u8>) {
        let Some(running) = self.running.as_mut() else {
            return;
        };
        let samples = &samples[..samples.len().min(BUFFER / 2)];
        let input = running.input;
        let memory = running.memory.data_mut(&mut running.store);
        let (places, _) = memory[input..input + 2 * samples.len()].as_chunks_mut::<2>();
        for (place, sample) in places.iter_mut().zip(samples) {
            *place = sample.to_le_bytes();
        }
        let function = running.encode;
        if let Some(made) = running.call(function, samples.len(), 1) {
            payload.extend_from_slice(made);
        }
    }
}

#[cfg(test)]
#[path = "module_tests.rs"]
mod tests;
