;; L8 of RFC 3551, section 4.5.10: a sample is 8 bits without a sign, 128 is silence.
(module
  (memory (export "memory") 2)
  (global (export "input") i32 (i32.const 0))
  (global (export "output") i32 (i32.const 65536))

  ;; Octets at `input` become 16-bit samples at `output`.
  (func (export "decode") (param $count i32) (result i32)
    (local $at i32)
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $count)))
        (i32.store16
          (i32.add (i32.const 65536) (i32.shl (local.get $at) (i32.const 1)))
          (i32.shl
            (i32.sub (i32.load8_u (local.get $at)) (i32.const 128))
            (i32.const 8)))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $next)))
    (local.get $count))

  ;; 16-bit samples at `input` become octets at `output`: the upper half of each.
  (func (export "encode") (param $count i32) (result i32)
    (local $at i32)
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $count)))
        (i32.store8
          (i32.add (i32.const 65536) (local.get $at))
          (i32.add
            (i32.shr_s
              (i32.load16_s (i32.shl (local.get $at) (i32.const 1)))
              (i32.const 8))
            (i32.const 128)))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $next)))
    (local.get $count)))
