package channels

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/channels/outbound"
)

// Unsent reports whether a request failed before a byte of it was written.
func Unsent(err error) bool {
	var dial *net.OpError
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	return errors.As(err, &dial) && dial.Op == "dial" || errors.As(err, &certificate) || errors.As(err, &record)
}

// WithoutURL strips the URL from an error of the HTTP client: it holds the sign, or the app's secret.
func WithoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// RetryAfter reads seconds or a date; zero when there is none or it makes no sense.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	value := strings.TrimSpace(h.Get("Retry-After"))
	if seconds, err := strconv.ParseInt(value, 10, 32); err == nil {
		return time.Duration(max(seconds, 0)) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}

// DownloadPDF fetches a label of at most so many bytes, once. Its URL opens the buyer's address to anyone who has it, so
// it is in no error.
func DownloadPDF(ctx context.Context, client *http.Client, from string, most int64) ([]byte, error) {
	fail := func(class Class, message string, err error) ([]byte, error) {
		return nil, &Failure{Class: class, Call: "download label", Message: message, Err: err}
	}
	away := func(message string, err error) ([]byte, error) {
		return nil, &Failure{Class: Retry, Call: "download label", Message: message, Err: err, Away: true}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return fail(Rejected, "the file's address cannot be read", nil)
	}
	response, err := client.Do(r)
	switch {
	case errors.Is(err, outbound.ErrBlocked):
		return fail(Rejected, "not fetched", WithoutURL(err))
	case err != nil:
		return away("no answer", WithoutURL(err))
	}
	defer func() { _ = response.Body.Close() }()
	switch status := response.StatusCode; {
	case status == http.StatusTooManyRequests, status >= 500:
		return away("HTTP status "+strconv.Itoa(status), nil)
	case status != http.StatusOK:
		return fail(Retry, "HTTP status "+strconv.Itoa(status), nil)
	}
	file, err := io.ReadAll(io.LimitReader(response.Body, most+1))
	switch {
	case err != nil:
		return away("the file broke off", WithoutURL(err))
	case int64(len(file)) > most:
		return fail(Rejected, fmt.Sprintf("the file is larger than %d bytes", most), nil)
	case !bytes.HasPrefix(file, []byte("%PDF-")):
		return fail(Retry, "the file is no PDF", nil)
	}
	return file, nil
}
