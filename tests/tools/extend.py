#!/usr/bin/env python3
"""Appends to a signed PDF what pyHanko appends for long-term validation, with a timestamp authority made on the spot.

    extend.py dss|lists|stamp|early|archive|sign FILE OUT

lists: validation data with a revocation list and an OCSP answer; early: a timestamp of 1990; archive: validation data and a timestamp, then the
timestamp's own data; sign: a signature more, by a stranger
"""
import datetime
import io
import sys

from asn1crypto import crl as asn1_crl
from asn1crypto import keys as asn1_keys
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import signers, timestamps
from pyhanko.sign.validation import DocumentSecurityStore
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore


def authority(moment=None):
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "TSA Mau")])
    now = datetime.datetime.now(datetime.timezone.utc)
    usage = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=900))
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), True)
        .add_extension(usage, True)
        .sign(key, hashes.SHA256())
    )
    certificate = asn1_x509.Certificate.load(made.public_bytes(serialization.Encoding.DER))
    form = serialization.PrivateFormat.PKCS8
    private = key.private_bytes(serialization.Encoding.DER, form, serialization.NoEncryption())
    private = asn1_keys.PrivateKeyInfo.load(private)
    stamper = timestamps.DummyTimeStamper(certificate, private, fixed_dt=moment)
    signer = signers.SimpleSigner(certificate, private, SimpleCertificateStore())
    return stamper, signer, ValidationContext(trust_roots=[certificate], allow_fetching=False)


def revocation():
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "CA Mau")])
    now = datetime.datetime.now(datetime.timezone.utc)
    until = now + datetime.timedelta(days=9)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(9).not_valid_before(now).not_valid_after(until)
    made = builder.sign(key, hashes.SHA256())
    revoked = x509.RevokedCertificateBuilder().serial_number(5).revocation_date(now).build()
    builder = x509.CertificateRevocationListBuilder().issuer_name(name).last_update(now).next_update(until)
    builder = builder.add_extension(x509.CRLNumber(3), False)
    crl = builder.add_revoked_certificate(revoked).sign(key, hashes.SHA256())
    builder = ocsp.OCSPResponseBuilder().add_response(
        made, made, hashes.SHA1(), ocsp.OCSPCertStatus.GOOD, now, until, None, None
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, made).certificates([made])
    answer = builder.sign(key, hashes.SHA256())
    der = serialization.Encoding.DER
    return {
        "crls": [asn1_crl.CertificateList.load(crl.public_bytes(der))],
        "ocsps": [asn1_ocsp.OCSPResponse.load(answer.public_bytes(der))],
    }


def with_data(data, more):
    signature = PdfFileReader(io.BytesIO(data)).embedded_regular_signatures[-1]
    out = io.BytesIO(data)
    writer = IncrementalPdfFileWriter(out)
    certificates = [*signature.other_embedded_certs, signature.signer_cert]
    contents = signature.pkcs7_content.hex().encode()
    DocumentSecurityStore.supply_dss_in_writer(writer, sig_contents=contents, certs=certificates, **more)
    writer.write_in_place()
    return out.getvalue()


def stamped(data, with_own_data, moment):
    stamper, _, context = authority(moment)
    out = io.BytesIO(data)
    writer = IncrementalPdfFileWriter(out)
    context = context if with_own_data else None
    signers.PdfTimeStamper(stamper).timestamp_pdf(writer, "sha256", validation_context=context, in_place=True)
    return out.getvalue()


def signed(data):
    _, signer, _ = authority()
    out = io.BytesIO(data)
    metadata = signers.PdfSignatureMetadata(field_name="Third")
    signers.PdfSigner(metadata, signer).sign_pdf(IncrementalPdfFileWriter(out), in_place=True)
    return out.getvalue()


kind, source, target = sys.argv[1:]
with open(source, "rb") as file:
    copy = file.read()
if kind in ("dss", "lists", "archive"):
    copy = with_data(copy, revocation() if kind == "lists" else {})
if kind in ("stamp", "early", "archive"):
    early = datetime.datetime(1990, 1, 1, tzinfo=datetime.timezone.utc) if kind == "early" else None
    copy = stamped(copy, kind == "archive", early)
if kind == "sign":
    copy = signed(copy)
with open(target, "wb") as file:
    file.write(copy)
