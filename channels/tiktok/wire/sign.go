package wire

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"net/url"
	"slices"
	"strings"
)

// Sign is the hex HMAC of secret + path + sorted key and value of the query, unescaped + body + secret. Multipart bodies
// are not signed. A wrong detail here is a 106001 on every call: vectors.json holds what the vendor computes.
func Sign(secret, path string, query url.Values, contentType string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	write(mac, secret, path)
	keys := make([]string, 0, len(query))
	for key := range query {
		if key != "sign" && key != "access_token" {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	for _, key := range keys {
		write(mac, key, query.Get(key))
	}
	if !strings.HasPrefix(contentType, "multipart/form-data") {
		_, _ = mac.Write(body) // a hash never fails
	}
	write(mac, secret)
	return hex.EncodeToString(mac.Sum(nil))
}

func write(mac hash.Hash, parts ...string) {
	for _, part := range parts {
		_, _ = io.WriteString(mac, part) // a hash never fails
	}
}
