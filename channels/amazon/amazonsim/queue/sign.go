package queue

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Credentials are the key that a reader of the queue signs with.
type Credentials struct{ Key, Secret, Region string }

// skew is how far the time of a request may be from ours.
const skew = 15 * time.Minute

// Check verifies the Signature Version 4 of a request; a "no" is the vendor's error type and a message.
func (c Credentials) Check(r *http.Request, body []byte, now time.Time) (kind, message string) {
	parts := map[string]string{}
	scheme, rest, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	for _, part := range strings.Split(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		parts[name] = value
	}
	scope := strings.Split(parts["Credential"], "/")
	if scheme != "AWS4-HMAC-SHA256" || len(scope) != 5 {
		return "com.amazon.coral.service#MissingAuthenticationTokenException", "Request is missing Authentication Token"
	}
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	switch apart := now.Sub(at); {
	case scope[0] != c.Key:
		return "com.amazonaws.sqs#InvalidClientTokenId", "The security token included in the request is invalid."
	case err != nil || scope[1] != at.Format("20060102") || scope[2] != c.Region || scope[3] != "sqs" || scope[4] != "aws4_request":
		return "com.amazon.coral.service#InvalidSignatureException", fmt.Sprintf("Credential should be scoped to a valid region %s, service sqs and the request's date.", c.Region)
	case apart > skew || apart < -skew:
		return "com.amazon.coral.service#InvalidSignatureException", "Signature expired: " + at.Format(time.RFC3339) + " is not within 15 minutes of " + now.UTC().Format(time.RFC3339)
	}
	signed := strings.Split(parts["SignedHeaders"], ";")
	if !slices.Contains(signed, "host") || !slices.Contains(signed, "x-amz-date") {
		return "com.amazon.coral.service#InvalidSignatureException", "'Host' and 'X-Amz-Date' must be signed headers."
	}
	want := c.signature(r, body, signed, scope[1:], at)
	if !hmac.Equal([]byte(parts["Signature"]), []byte(want)) {
		return "com.amazon.coral.service#InvalidSignatureException", "The request signature we calculated does not match the signature you provided."
	}
	return "", ""
}

func (c Credentials) signature(r *http.Request, body []byte, signed, scope []string, at time.Time) string {
	var canonical strings.Builder
	path := r.URL.EscapedPath()
	if path == "" {
		path = "/"
	}
	fmt.Fprintf(&canonical, "%s\n%s\n%s\n", r.Method, path, strings.ReplaceAll(r.URL.Query().Encode(), "+", "%20"))
	for _, name := range signed {
		value := strings.Join(strings.Fields(r.Header.Get(name)), " ")
		switch name {
		case "host":
			value = r.Host
		case "content-length":
			value = strconv.Itoa(len(body))
		}
		fmt.Fprintf(&canonical, "%s:%s\n", name, value)
	}
	hash := sha256.Sum256(body)
	fmt.Fprintf(&canonical, "\n%s\n%s", strings.Join(signed, ";"), hex.EncodeToString(hash[:]))
	sum := sha256.Sum256([]byte(canonical.String()))
	text := "AWS4-HMAC-SHA256\n" + at.Format("20060102T150405Z") + "\n" + strings.Join(scope, "/") + "\n" + hex.EncodeToString(sum[:])
	key := []byte("AWS4" + c.Secret)
	for _, part := range scope {
		key = MAC(key, part)
	}
	return hex.EncodeToString(MAC(key, text))
}

// MAC is one step of the chain of keys.
func MAC(key []byte, text string) []byte {
	m := hmac.New(sha256.New, key)
	_, _ = m.Write([]byte(text)) // a hash never fails
	return m.Sum(nil)
}

// Path is the path of a queue's URL.
func (q *Queue) Path() string { return "/" + q.Account + "/" + q.Name }

// ARN names the queue.
func (q *Queue) ARN(region string) string {
	return "arn:aws:sqs:" + region + ":" + q.Account + ":" + q.Name
}

// At reports whether a queue URL is this one's, whatever its host.
func (q *Queue) At(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Path == q.Path()
}
