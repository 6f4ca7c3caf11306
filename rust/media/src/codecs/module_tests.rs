use super::*;

const L8: &[u8] = include_bytes!("../../../../examples/l8/src/offhook_l8/l8.wat");

/// A module with these functions' bodies.
fn module(decode: &str, rest: &str) -> Vec<u8> {
    format!(
        r#"(module (memory (export "memory") 2)
             (global (export "input") i32 (i32.const 0))
             (global (export "output") i32 (i32.const 65536))
             (func (export "decode") (param i32) (result i32) {decode})
             (func (export "encode") (param i32) (result i32) (i32.const 0))
             {rest})"#
    )
    .into_bytes()
}

fn decoded(module: &CodecModule, payload: &[u8]) -> Result<Vec<i16>, Damaged> {
    let mut out = Vec::new();
    module
        .decoder(&Parameters::default())
        .decode(payload, &mut out)
        .map(|()| out)
}

#[test]
fn a_module_encodes_and_decodes() {
    let l8 = CodecModule::new(L8, 8000).unwrap();
    let samples: Vec<i16> = (-128..128).map(|n| n * 256 + 17).collect();
    let mut payload = Vec::new();
    let mut encoder = l8.encoder(&Parameters::default());
    encoder.encode(&samples, &mut payload);
    assert_eq!(payload, (0..=255).collect::<Vec<u8>>());
    let back = decoded(&l8, &payload).unwrap();
    assert_eq!(back, samples.iter().map(|s| s - 17).collect::<Vec<_>>());
    assert_eq!(encoder.rate(), 8000);
}

#[test]
fn each_leg_has_its_own_state() {
    // gives one sample: how many payloads there were before
    let counting = "(i32.store16 (i32.const 65536) (i32.load (i32.const 40000)))
        (i32.store (i32.const 40000) (i32.add (i32.load (i32.const 40000)) (i32.const 1)))
        (i32.const 1)";
    let module = CodecModule::new(&module(counting, ""), 8000).unwrap();
    let mut one = module.decoder(&Parameters::default());
    let mut out = Vec::new();
    one.decode(&[1], &mut out).unwrap();
    one.decode(&[1], &mut out).unwrap();
    assert_eq!(out, [0, 1]);
    assert_eq!(decoded(&module, &[1]).unwrap(), [0]);
}

#[test]
fn what_fails_is_a_damaged_payload_and_no_more() {
    for body in [
        "(loop $on (br $on)) (i32.const 0)", // without end
        "(unreachable)",                     // a trap
        "(i32.load (i32.const 200000))",     // outside of its memory
        "(i32.const -1)",                    // it says so itself
        "(i32.const 16385)",                 // more than fits
        "(drop (memory.grow (i32.const 1000))) (unreachable)",
    ] {
        let module = CodecModule::new(&module(body, ""), 8000).unwrap();
        assert_eq!(decoded(&module, &[1, 2, 3]), Err(Damaged), "{body}");
    }
    let l8 = CodecModule::new(L8, 8000).unwrap();
    assert_eq!(decoded(&l8, &vec![0; BUFFER + 1]), Err(Damaged));
}

#[test]
fn memory_is_bounded() {
    let body = "(memory.grow (i32.const 1000)) (drop) (i32.store16 (i32.const 65536) (memory.size)) (i32.const 1)";
    let module = CodecModule::new(&module(body, ""), 8000).unwrap();
    assert_eq!(decoded(&module, &[1]).unwrap(), [2]);
}

#[test]
fn loss_is_concealed_by_the_module_when_it_can() {
    let conceal = r#"(func (export "conceal") (param $n i32) (result i32)
        (i32.store16 (i32.const 65536) (i32.const 7)) (i32.const 1))"#;
    let module = CodecModule::new(&module("(i32.const 0)", conceal), 8000).unwrap();
    let mut decoder = module.decoder(&Parameters::default());
    assert!(decoder.conceals());
    let mut out = vec![1];
    decoder.conceal(3, None, &mut out);
    assert_eq!(out, [1, 7, 0, 0]);
    assert!(
        !CodecModule::new(L8, 8000)
            .unwrap()
            .decoder(&Parameters::default())
            .conceals()
    );
}

#[test]
fn the_fmtp_line_reaches_the_module() {
    let fmtp = r#"(func (export "fmtp") (param $n i32)
        (i32.store (i32.const 40000) (i32.add (local.get $n) (i32.load8_u (i32.const 0)))))"#;
    let body = "(i32.store16 (i32.const 65536) (i32.load (i32.const 40000))) (i32.const 1)";
    let module = CodecModule::new(&module(body, fmtp), 8000).unwrap();
    let parameters = Parameters {
        fmtp: "Annex",
        ..Parameters::default()
    };
    let mut out = Vec::new();
    module.decoder(&parameters).decode(&[0], &mut out).unwrap();
    assert_eq!(out, [5 + i16::from(b'A')]);
}

#[test]
fn what_is_no_codec_is_refused_with_the_reason() {
    for (wasm, why) in [
        ("hello", "no WebAssembly"),
        ("(module)", "no `memory`"),
        (r#"(module (import "env" "now" (func)))"#, "imports env.now"),
        (
            r#"(module (memory (export "memory") 1))"#,
            "no global `input`",
        ),
        (
            r#"(module (memory (export "memory") 1) (global (export "input") i32 (i32.const 0))
                 (global (export "output") i32 (i32.const 65000)))"#,
            "32768 octets each",
        ),
        (
            r#"(module (memory (export "memory") 1) (global (export "input") i32 (i32.const 0))
                 (global (export "output") i32 (i32.const 0)))"#,
            "no function `decode`",
        ),
    ] {
        let error = CodecModule::new(wasm.as_bytes(), 8000).unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
    }
}
