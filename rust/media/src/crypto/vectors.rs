//! What libsrtp 2.5.0 makes of the same packets with the same keys, for each suite but AES-192:
//! there it derives session keys in another way than RFC 6188, whose own vectors are in `transform`.
use super::Suite;

pub fn hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

pub struct Vector {
    pub suite: Suite,
    pub key: Vec<u8>,
    /// SRTP of `plain(0)` and, after a roll-over, of `plain(1)`; SRTCP of `plain(2)`.
    pub sealed: [Vec<u8>; 3],
}

/// The packets: RTP with sequence number 65535; RTP with 0, a CSRC and an extension; RTCP RR and SDES.
pub fn plain(number: usize) -> Vec<u8> {
    let (header, payload): (&str, Vec<u8>) = match number {
        0 => ("8000ffff000000a0deadbeef", (0..40).map(|n| n * 3).collect()),
        1 => (
            "9180000000000140deadbeef01020304bede000110aa0000",
            (0..33).map(|n| 255 - n).collect(),
        ),
        _ => ("80c90001deadbeef", hex("81ca0002deadbeef01026162")),
    };
    [hex(header), payload].concat()
}

pub fn vectors() -> Vec<Vector> {
    [
        (
            "AES_CM_128_HMAC_SHA1_80",
            "00070e151c232a31383f464d545b626970777e858c939aa1a8afb6bdc4cb",
            "8000ffff000000a0deadbeefd36a91e255c60087f661ee25e65503cf3d14bfffd4e743f5a269337772dc647c3a57deb77e5794564a71783ee152da126ae3",
            "9180000000000140deadbeef01020304bede000110aa00004747540238872a3703cc44f97692fdb5cd060f48f39177b0e4a5a23d8392ed878cd9b4b4187384f6ad850c",
            "80c90001deadbeef694d51dc78751706dc626dfc800000015e961906b56cf48ccb25",
        ),
        (
            "AES_CM_128_HMAC_SHA1_32",
            "01080f161d242b323940474e555c636a71787f868d949ba2a9b0b7bec5cc",
            "8000ffff000000a0deadbeef6dca648dd0f744dd8fda7ce14616b1eb554fb0868380558e7cbed1224788146ce50011d59e47f2e9557260ed",
            "9180000000000140deadbeef01020304bede000110aa0000822e7764bc57d64046d78547436df4f18935d0f4b5e01ba856a08bed0df040b55105793e69",
            "80c90001deadbeefa4b89f1e67f8a6ca0ff0868a8000000172209b2b29cfb527951c",
        ),
        (
            "AES_256_CM_HMAC_SHA1_80",
            "040b121920272e353c434a51585f666d747b828990979ea5acb3bac1c8cfd6dde4ebf2f900070e151c232a31383f",
            "8000ffff000000a0deadbeef4864cce4280a524f475f50e936d5a62b00f65cbdd55fa2488ae7e1c0717d3ea50667edf4709ed21f5d5e4407b76af9ae5334",
            "9180000000000140deadbeef01020304bede000110aa00002a2175a8e48d452d551725227cb3b698b56c1304346c8526425ca82159091de69e7dfaf0f869a8a942943f",
            "80c90001deadbeef9246c09b9dd35e4de96caaf280000001854c08d951ff30e94554",
        ),
        (
            "AES_256_CM_HMAC_SHA1_32",
            "050c131a21282f363d444b525960676e757c838a91989fa6adb4bbc2c9d0d7dee5ecf3fa01080f161d242b323940",
            "8000ffff000000a0deadbeef4f09874c97b7bb465f6a04f5f0301035d44c9f595d46a35faea41c7076e039377871bde07685b1efb9f6acdb",
            "9180000000000140deadbeef01020304bede000110aa0000f7f52dd28cb33a998c41d812adc82f2eef0de823bbf77c55a354842a4218ab0a79eccb020d",
            "80c90001deadbeef8511e54eeebd9ce38bee1ceb80000001a44ed20d1218003fd499",
        ),
        (
            "AEAD_AES_128_GCM",
            "060d141b222930373e454c535a61686f767d848b9299a0a7aeb5bcc3",
            "8000ffff000000a0deadbeef3a673c3f342b5a5eff0110105ba1e55353aa6b3a7d57b1911357aad4aa08777f88e387276b64d30b7dcc34d4b15b11dcb55b63ad0f64e91b",
            "9180000000000140deadbeef01020304bede000110aa0000568d8d6769bf9d691cb1c8473b12c48e91d14107bcfb9196e7ebf98813ccacd376e6646ab2c18337d12013a19b1b7e6c7c",
            "80c90001deadbeefa7f18d981d5d0697255142c4d03a34a2944e19d8b0b1d78832421ab880000001",
        ),
        (
            "AEAD_AES_256_GCM",
            "070e151c232a31383f464d545b626970777e858c939aa1a8afb6bdc4cbd2d9e0e7eef5fc030a11181f262d34",
            "8000ffff000000a0deadbeef5207a052b9de5f1d456342899e1c86df5fcb350d7e6384da8a23760913d1c89bcb004f5a018d96c3bc453b723421f3bf669aaf2a9575616f",
            "9180000000000140deadbeef01020304bede000110aa000041557f4dd39b04a88a44a72752861223e72c2ceb75c0859ac29da1768c64fdc95b0e08b70e41f341ad651844589842f12e",
            "80c90001deadbeefcdfe21050b2ca11bef9ac41832d4c7e92eda030d59259b3b1c3a266480000001",
        ),
    ]
    .into_iter()
    .map(|(name, key, first, second, control)| Vector {
        suite: Suite::named(name).unwrap(),
        key: hex(key),
        sealed: [hex(first), hex(second), hex(control)],
    })
    .collect()
}
