//! How long payloads last, in units of the RTP clock.

/// RFC 3551 section 4.5.6: frames of 10 octets; one of two octets at the end describes noise.
pub fn g729(payload: &[u8]) -> Option<u32> {
    Some((payload.len() as u32 / 10 + u32::from(payload.len() % 10 == 2)) * 80)
}

/// RFC 3952: frames of 38 octets last 20 ms, of 50 octets 30 ms.
pub fn ilbc(payload: &[u8]) -> Option<u32> {
    match payload.len() as u32 {
        0 => None,
        length if length % 38 == 0 => Some(length / 38 * 160),
        length if length % 50 == 0 => Some(length / 50 * 240),
        _ => None,
    }
}

/// RFC 3551 section 4.5.3: the low bits of a frame's first octet say how long it is.
pub fn g723(payload: &[u8]) -> Option<u32> {
    let (mut at, mut frames) = (0, 0);
    while let Some(first) = payload.get(at) {
        at += [24, 20, 4, 1][usize::from(first & 3)];
        frames += 1;
    }
    Some(frames * 240)
}

/// RFC 6716 section 3.1: the first octet says how long a frame is and how many there are.
pub fn opus(payload: &[u8]) -> Option<u32> {
    let toc = *payload.first()?;
    let config = u32::from(toc >> 3);
    let frame = match config {
        0..12 => [480, 960, 1920, 2880][(config % 4) as usize],
        12..16 => [480, 960][(config % 2) as usize],
        _ => [120, 240, 480, 960][(config % 4) as usize],
    };
    let frames = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u32::from(payload.get(1)? & 0x3f),
    };
    Some(frame * frames).filter(|units| (1..=5760).contains(units))
}
