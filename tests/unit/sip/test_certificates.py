"""Whose certificate it is (RFC 5922)."""

import pytest

from offhook.sip.tls import certificate_matches


@pytest.mark.parametrize(
    ("names", "domain", "wildcards", "matches"),
    [
        ([("DNS", "example.com")], "Example.com", False, True),
        ([("DNS", "*.example.com")], "sip.example.com", False, False),
        ([("DNS", "*.example.com")], "sip.example.com", True, True),
        ([("DNS", "*.example.com")], "a.b.example.com", True, False),
        ([("URI", "sip:example.com"), ("DNS", "other.com")], "example.com", False, True),
        ([("URI", "sip:example.com"), ("DNS", "other.com")], "other.com", False, False),
        ([("URI", "sip:bob@example.com")], "example.com", False, False),
        ([("URI", "https://example.com"), ("DNS", "example.com")], "example.com", False, True),
        ([("IP Address", "192.0.2.1")], "192.0.2.1", False, True),
        ([("DNS", "192.0.2.1")], "192.0.2.1", False, False),
        ([("IP Address", "2001:DB8:0:0:0:0:0:1")], "2001:db8::1", False, True),
    ],
)
def test_certificate_names_by_rfc_5922(names, domain, wildcards, matches):
    certificate = {"subject": ((("commonName", "unrelated"),),), "subjectAltName": tuple(names)}
    assert certificate_matches(certificate, domain, wildcards=wildcards) is matches


def test_the_common_name_counts_only_without_alternatives():
    assert certificate_matches(
        {"subject": ((("commonName", "example.com"),),)}, "example.com", wildcards=False
    )


def test_the_common_name_may_be_an_address_when_there_is_nothing_else():
    certificate = {"subject": ((("commonName", "192.0.2.1"),),)}
    assert certificate_matches(certificate, "192.0.2.1", wildcards=False)
    assert not certificate_matches(certificate, "192.0.2.2", wildcards=False)
    certificate["subjectAltName"] = (("DNS", "pbx.example.com"),)
    assert not certificate_matches(certificate, "192.0.2.1", wildcards=False)
