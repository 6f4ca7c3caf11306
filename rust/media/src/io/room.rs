//! A conference as its owner holds it.
use super::Error;
use super::commands::{Action, Command};
use super::engine::Engine;
use super::handle::Handle;
use crate::mixer::room::Taking;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};

/// Rooms live where pipes live: on the first worker.  Who joins comes there.
const WORKER: usize = 0;

/// Dropping it closes the room.
pub struct RoomHandle {
    engine: Arc<Engine>,
    id: u64,
    closed: AtomicBool,
}

impl Engine {
    /// Open a room that mixes at `rate` Hz (8000 to 192000) every `interval_ms` (10, 20, 40 or 80).
    pub fn open_room(self: &Arc<Self>, rate: u32, interval_ms: u32) -> Result<RoomHandle, Error> {
        self.check_open()?;
        check_rate(rate)?;
        if !matches!(interval_ms, 10 | 20 | 40 | 80) {
            return Err(Error::Argument(format!(
                "a mixing interval of {interval_ms} ms: it is 10, 20, 40 or 80"
            )));
        }
        let room = RoomHandle {
            engine: Arc::clone(self),
            id: self.room_id(),
            closed: AtomicBool::new(false),
        };
        room.push(Action::OpenRoom { rate, interval_ms })?;
        Ok(room)
    }
}

fn check_rate(rate: u32) -> Result<(), Error> {
    if (8000..=192_000).contains(&rate) && rate % 1000 == 0 {
        Ok(())
    } else {
        Err(Error::Argument(format!(
            "{rate} Hz is no sample rate to mix at"
        )))
    }
}

impl RoomHandle {
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    fn push(&self, action: Action) -> Result<(), Error> {
        self.engine.check_open()?;
        if self.closed.load(Ordering::Acquire) {
            return Err(Error::Closed("room"));
        }
        self.engine.push_to(
            WORKER,
            Command {
                slot: 0,
                id: self.id,
                action,
            },
        )
    }

    /// Mix at this rate from now on.
    pub fn set_rate(&self, rate: u32) -> Result<(), Error> {
        check_rate(rate)?;
        self.push(Action::RoomRate { rate })
    }

    /// Put a port in, or change how it takes part.
    pub fn join(&self, port: &Handle, taking: Taking) -> Result<(), Error> {
        if !port.belongs_to(&self.engine) {
            return Err(Error::Argument("the port belongs to another engine".into()));
        }
        if self.closed.load(Ordering::Acquire) {
            return Err(Error::Closed("room"));
        }
        let _moving = self
            .engine
            .moving
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        port.come_to(WORKER)?;
        port.push(Action::JoinRoom {
            room: self.id,
            taking,
        })
    }

    /// End the room.  Idempotent.
    pub fn close(&self) {
        if !self.closed.swap(true, Ordering::AcqRel) {
            // Never refused; after the engine's end nobody reads it.
            let _ = self.engine.push_to(
                WORKER,
                Command {
                    slot: 0,
                    id: self.id,
                    action: Action::CloseRoom,
                },
            );
        }
    }
}

impl Drop for RoomHandle {
    fn drop(&mut self) {
        self.close();
    }
}
