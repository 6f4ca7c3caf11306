//! AES-128 of single blocks (ECB), for texts that a dialplan encrypts.  Media has its own modes in `transform`.
use aes::cipher::{Array, BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use aes::{Aes128, Block};

/// Octets of a block.
pub const BLOCK: usize = 16;

/// Encrypt, or decrypt, each whole block of `data` in place; what is left over stays as it is.
pub fn aes128_ecb(key: [u8; BLOCK], data: &mut [u8], decrypt: bool) {
    let aes = Aes128::new(&Array::from(key));
    for chunk in data.chunks_exact_mut(BLOCK) {
        let mut block = Block::default();
        block.copy_from_slice(chunk);
        if decrypt {
            aes.decrypt_block(&mut block);
        } else {
            aes.encrypt_block(&mut block);
        }
        chunk.copy_from_slice(&block);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_fips_197() {
        // Appendix B
        let key = [
            0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6, 0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf,
            0x4f, 0x3c,
        ];
        let plain = [
            0x32, 0x43, 0xf6, 0xa8, 0x88, 0x5a, 0x30, 0x8d, 0x31, 0x31, 0x98, 0xa2, 0xe0, 0x37,
            0x07, 0x34,
        ];
        let cipher = [
            0x39, 0x25, 0x84, 0x1d, 0x02, 0xdc, 0x09, 0xfb, 0xdc, 0x11, 0x85, 0x97, 0x19, 0x6a,
            0x0b, 0x32,
        ];
        let mut data = [plain, plain].concat();
        data.push(7);
        aes128_ecb(key, &mut data, false);
        assert_eq!(data, [&cipher[..], &cipher[..], &[7]].concat());
        aes128_ecb(key, &mut data, true);
        assert_eq!(data, [&plain[..], &plain[..], &[7]].concat());
    }
}
