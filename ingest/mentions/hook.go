package mentions

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	events "github.com/creatorflow/creatorflow/domain/events/signals"
)

// The headers of a webhook, as Standard Webhooks names them.
const (
	headerID        = "Webhook-Id"
	headerTime      = "Webhook-Timestamp"
	headerSignature = "Webhook-Signature"
)

// What a webhook may hold.
const (
	maxBody     = 1 << 20 // bytes
	maxMentions = 100
	maxID       = 200    // bytes
	maxText     = 16_384 // bytes
	maxURL      = 2_000  // bytes
	maxSkew     = 5 * time.Minute
)

// Receive takes in a webhook of a source, and answers with a status: 200 all of it is durable; 401 the signature is wrong, or of
// another time; 404 there is no such source; 422 it is no mention, and the source says why; 503 it shall come again.
func (f *Office) Receive(ctx context.Context, id string, header http.Header, body []byte) (status int) {
	is, found, err := f.sealed(ctx, id)
	switch {
	case err != nil:
		return http.StatusServiceUnavailable
	case !found || is.Kind != events.Webhook:
		return http.StatusNotFound
	case len(body) > maxBody:
		return http.StatusRequestEntityTooLarge
	case !signed(keyOf(is.Secret), header, body, f.o.Clock()):
		return http.StatusUnauthorized
	}
	f.receiving.Lock()
	defer f.receiving.Unlock()
	was, err := f.load(ctx, id)
	if err != nil {
		return http.StatusServiceUnavailable
	}
	said, reason := read(body)
	if reason != "" {
		was.trouble = "The last webhook was refused: " + reason + "."
		f.note(id, was)
		return http.StatusUnprocessableEntity
	}
	taken, err := f.take(ctx, id, said)
	if err == nil {
		was.trouble, was.Read, was.Taken = "", f.o.Clock().UTC(), was.Taken+taken
		err = f.keep(ctx, id, was)
	}
	if err != nil {
		f.o.Logger.WarnContext(ctx, "mentions not stored", "source", id, "error", err)
		return http.StatusServiceUnavailable
	}
	return http.StatusOK
}

// signed checks a signature over id, time and the bytes as they came. Several may be sent while a secret is changed; one that fits
// is enough.
func signed(key []byte, header http.Header, body []byte, now time.Time) bool {
	id, at := header.Get(headerID), header.Get(headerTime)
	seconds, err := strconv.ParseInt(at, 10, 64)
	if err != nil || id == "" || len(key) == 0 || now.Sub(time.Unix(seconds, 0)).Abs() > maxSkew {
		return false
	}
	mac := hmac.New(sha256.New, key)
	_, _ = fmt.Fprintf(mac, "%s.%s.%s", id, at, body) // a hash never fails
	due, fits := mac.Sum(nil), false
	for one := range strings.FieldsSeq(header.Get(headerSignature)) {
		text, ok := strings.CutPrefix(one, "v1,")
		got, err := base64.StdEncoding.DecodeString(text)
		fits = ok && err == nil && hmac.Equal(got, due) || fits
	}
	return fits
}

// read reads a webhook's body, one mention or several; the reason says what is wrong with it.
func read(body []byte) (said []mention, reason string) {
	type one struct {
		mention
		At string `json:"at"`
	}
	var all struct {
		one
		Mentions []one `json:"mentions"`
	}
	if err := json.Unmarshal(body, &all); err != nil {
		return nil, "it is not JSON with the fields of a mention"
	}
	list := all.Mentions
	switch {
	case list == nil:
		list = []one{all.one}
	case len(list) == 0 || len(list) > maxMentions:
		return nil, fmt.Sprintf("mentions must hold 1 to %d", maxMentions)
	}
	for i, m := range list {
		at := fmt.Sprintf("mention %d: ", i+1)
		switch {
		case m.ID == "" || len(m.ID) > maxID:
			return nil, at + fmt.Sprintf("id must have 1 to %d bytes", maxID)
		case len(m.Title)+len(m.Text) > maxText || m.Title+m.Text == "":
			return nil, at + fmt.Sprintf("title and text must have 1 to %d bytes together", maxText)
		case len(m.URL) > maxURL || m.URL != "" && !isWeb(m.URL):
			return nil, at + fmt.Sprintf("url must be an http or https address of at most %d bytes", maxURL)
		case len(m.Author) > maxID:
			return nil, at + fmt.Sprintf("author must have at most %d bytes", maxID)
		}
		if m.At != "" {
			when, err := time.Parse(time.RFC3339, m.At)
			if err != nil || when.Year() < 2000 {
				return nil, at + "at must be a time such as 2026-11-30T12:00:00Z"
			}
			m.mention.At = when
		}
		said = append(said, m.mention)
	}
	return said, ""
}

func isWeb(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http")
}
