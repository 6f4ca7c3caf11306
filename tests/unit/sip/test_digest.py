import hashlib
import hmac

import pytest

from offhook._core import SipParseError, digest_ha1, digest_response, hmac_sha256, parse_auth, quote_string


def test_rfc7616_example():
    response = digest_response(
        "SHA-256",
        "Mufasa",
        "http-auth@example.org",
        "Circle of Life",
        "GET",
        "/dir/index.html",
        "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
        "00000001",
        "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
        "auth",
    )
    assert response == "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"


@pytest.mark.parametrize(
    "name", ["md5", "MD5-sess", "SHA-256", "sha-256-sess", "SHA-512-256", "SHA-512-256-sess"]
)
@pytest.mark.parametrize("qop", ["auth", "auth-int", None])
def test_against_the_formula(name: str, qop: str | None):
    function = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}[
        name.upper().removesuffix("-SESS")
    ]

    def h(text: str) -> str:
        return hashlib.new(function, text.encode()).hexdigest()

    ha1 = h("bob:realm:zanzibar")
    assert digest_ha1(name, "bob", "realm", "zanzibar") == ha1
    session = h(f"{ha1}:nonce:cnonce") if name.upper().endswith("-SESS") else ha1
    ha2 = h("INVITE:sip:h" + (":" + h("v=0") if qop == "auth-int" else ""))
    middle = f"nonce:00000002:cnonce:{qop}" if qop else "nonce"
    expected = h(f"{session}:{middle}:{ha2}")
    args = ("INVITE", "sip:h", "nonce", "00000002", "cnonce", qop, b"v=0")
    assert digest_response(name, "bob", "realm", "zanzibar", *args) == expected
    assert digest_response(name, "bob", "realm", ha1.upper(), *args, is_ha1=True) == expected


def test_what_cannot_be_computed():
    with pytest.raises(ValueError, match="SHA-1"):
        digest_response("SHA-1", "u", "r", "p", "M", "u", "n")
    with pytest.raises(ValueError, match="SHA-1"):
        digest_ha1("SHA-1", "u", "r", "p")
    with pytest.raises(ValueError, match="nc"):
        digest_response("MD5", "u", "r", "p", "M", "u", "n", None, "c", "auth")
    with pytest.raises(ValueError, match="cnonce"):
        digest_response("MD5-sess", "u", "r", "p", "M", "u", "n")
    with pytest.raises(ValueError, match="qop"):
        digest_response("MD5", "u", "r", "p", "M", "u", "n", "1", "c", "auth-conf")


def test_hmac():
    for key, data in [(b"", b""), (b"k", b"d"), (b"k" * 200, b"d" * 200)]:
        assert hmac_sha256(key, data) == hmac.digest(key, data, "sha256")


def test_header_values():
    scheme, params = parse_auth(
        'Digest Realm="a \\"b\\", c",\r\n nonce="x=,y" , qop="auth,auth-int", stale=FALSE'
    )
    assert scheme == "Digest"
    assert params == {"realm": 'a "b", c', "nonce": "x=,y", "qop": "auth,auth-int", "stale": "FALSE"}
    assert parse_auth("Basic YWJj=") == ("Basic", {"": "YWJj="})
    for bad in ["", "Digest a=1,A=2", 'Digest realm="x', "Digest realm,x"]:
        with pytest.raises(SipParseError) as caught:
            parse_auth(bad)
        assert caught.value.status == 400


def test_quoting():
    assert quote_string('a "b" \\') == '"a \\"b\\" \\\\"'
    assert quote_string("a\r\nb") == '"a  b"'
    realm = 'ä, "\\'
    assert parse_auth("Digest realm=" + quote_string(realm))[1]["realm"] == realm
