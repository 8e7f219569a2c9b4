#!/bin/sh
# usage: make_certs.sh FOLDER
# Makes a throw-away certificate authority and certificates for tests on loopback; does nothing when they are there.
#   ca.crt                 the authority
#   good.crt/.key          for localhost, 127.0.0.1, ::1, tenant.localhost
#   wrong-host.crt/.key    from the same authority, for elsewhere.test only
#   self-signed.crt/.key   for localhost, signed by nobody
#   expired.crt/.key       from the same authority, for localhost, no longer valid
#   client.crt/.key        a client certificate
set -eu
[ $# -eq 1 ] || { echo "usage: $0 FOLDER" >&2; exit 2; }
folder=$1
[ -f "$folder/complete" ] && exit 0
mkdir -p "$(dirname "$folder")"

# Made aside and moved into place, so that two processes that start at once do not mix their files.
work=$(mktemp -d "$folder.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"

make_key() {
    openssl ecparam -name prime256v1 -genkey -noout -out "$1.key" 2>/dev/null
}
make_certificate() { # name, common name, subject alternative names, extended key usage, days
    make_key "$1"
    openssl req -new -key "$1.key" -subj "/CN=$2" -out "$1.csr"
    printf 'subjectAltName=%s\nextendedKeyUsage=%s\nbasicConstraints=CA:FALSE\nkeyUsage=digitalSignature\n' \
        "$3" "$4" > "$1.ext"
    openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days "$5" -sha256 \
        -extfile "$1.ext" -out "$1.crt" 2>/dev/null
    rm "$1.csr" "$1.ext"
}

make_key ca
openssl req -x509 -new -key ca.key -sha256 -days 3650 -subj "/CN=assent test authority" \
    -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign,cRLSign" -out ca.crt
here="DNS:localhost,DNS:tenant.localhost,IP:127.0.0.1,IP:::1"
make_certificate good localhost "$here" serverAuth 3650
make_certificate wrong-host elsewhere.test DNS:elsewhere.test serverAuth 3650
make_certificate expired localhost "$here" serverAuth -1
make_certificate client assent-client DNS:assent-client clientAuth 3650
make_key self-signed
openssl req -x509 -new -key self-signed.key -sha256 -days 3650 -subj "/CN=localhost" \
    -addext "subjectAltName=$here" -out self-signed.crt
touch complete

rm -rf "$folder.old"
if [ -e "$folder" ] && [ ! -f "$folder/complete" ]; then mv "$folder" "$folder.old"; fi
mv -T "$work" "$folder" 2>/dev/null || [ -f "$folder/complete" ]
rm -rf "$folder.old"
