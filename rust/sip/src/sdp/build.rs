//! A session description as text.

use std::fmt::Write;

use super::{Media, Sdp};

impl Sdp {
    /// The text, with CRLF line ends.
    pub fn to_text(&self) -> String {
        let mut out = String::with_capacity(192 + self.media.len() * 320);
        out.push_str("v=0\r\n");
        let _ = write!(
            out,
            "o={} {} {} ",
            self.username, self.session_id, self.session_version
        );
        address(&mut out, &self.origin_address);
        let name = if self.session_name.is_empty() {
            "-"
        } else {
            &self.session_name
        };
        let _ = write!(out, "s={name}\r\n");
        if let Some(text) = &self.address {
            out.push_str("c=");
            address(&mut out, text);
        }
        bandwidth(&mut out, &self.bandwidth);
        out.push_str("t=0 0\r\n");
        self.attributes.write(&mut out);
        for media in &self.media {
            self.write_media(&mut out, media);
        }
        out
    }

    fn write_media(&self, out: &mut String, media: &Media) {
        let formats = if media.formats.is_empty() {
            "0"
        } else {
            &media.formats
        };
        let _ = write!(
            out,
            "m={} {} {} {formats}\r\n",
            media.kind, media.port, media.proto
        );
        if let Some(own) = media
            .address
            .as_ref()
            .filter(|own| self.address.as_ref() != Some(own))
        {
            out.push_str("c=");
            address(out, own);
        }
        bandwidth(out, &media.bandwidth);
        media.attributes.write(out);
    }
}

fn address(out: &mut String, address: &str) {
    out.push_str(if address.contains(':') {
        "IN IP6 "
    } else {
        "IN IP4 "
    });
    out.push_str(address);
    out.push_str("\r\n");
}

fn bandwidth(out: &mut String, lines: &[(Box<str>, u32)]) {
    for (kind, value) in lines {
        let _ = write!(out, "b={kind}:{value}\r\n");
    }
}
